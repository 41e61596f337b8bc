"""A program that says what it takes."""

import argparse


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--kind", choices=["small", "large"])
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    print(f"loss={given.learning_rate / given.epochs}")


if __name__ == "__main__":
    main()
