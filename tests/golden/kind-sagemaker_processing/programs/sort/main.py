print("sorts the pages")
