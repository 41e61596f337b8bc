import os
print(os.environ["A"]
