print("errand-bench")
