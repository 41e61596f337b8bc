"""AWS's own SageMaker images: accounts by region, from the package `sagemaker` (image_uri_config/pytorch.json)."""

#: The training image the pipeline's own image derives from; a test holds it against the `sagemaker` package.
PYTORCH_TRAINING_TAG = "2.5.1-gpu-py311"
#: The same without CUDA, for machines that have no use for it.
PYTORCH_CPU_TAG = "2.5.1-cpu-py311"

#: Serves every region of the commercial partition that is not listed below.
DEFAULT_ACCOUNT = "763104351884"
DEFAULT_REGIONS = frozenset(
    {
        "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
        "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1",
        "us-east-1", "us-east-2", "us-west-1", "us-west-2",
    }
)  # fmt: skip
ACCOUNTS = {
    "af-south-1": "626614931356",
    "ap-east-1": "871362719292",
    "ap-east-2": "975050140332",
    "ap-northeast-3": "364406365360",
    "ap-south-2": "772153158452",
    "ap-southeast-3": "907027046896",
    "ap-southeast-4": "457447274322",
    "ap-southeast-5": "550225433462",
    "ap-southeast-6": "633930458069",
    "ap-southeast-7": "590183813437",
    "ca-west-1": "204538143572",
    "cn-north-1": "727897471807",
    "cn-northwest-1": "727897471807",
    "eu-central-2": "380420809688",
    "eu-south-1": "692866216735",
    "eu-south-2": "503227376785",
    "il-central-1": "780543022126",
    "me-central-1": "914824155844",
    "me-south-1": "217643126080",
    "mx-central-1": "637423239942",
    "us-gov-east-1": "446045086412",
    "us-gov-west-1": "442386744353",
}


def pytorch_training_image(region: str, *, gpu: bool = True) -> str | None:
    """The address of the SageMaker PyTorch image in a region, or None where AWS offers none."""
    account = ACCOUNTS.get(region) or (DEFAULT_ACCOUNT if region in DEFAULT_REGIONS else None)
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return (
        account
        and f"{account}.dkr.ecr.{region}.{suffix}/pytorch-training:{PYTORCH_TRAINING_TAG if gpu else PYTORCH_CPU_TAG}"
    )
