"""Questions about annotations, and dates, by the names of the official package."""

from typing import get_args as get_args
from typing import get_origin as get_origin

from ._datetime_parse import parse_date as parse_date
from ._datetime_parse import parse_datetime as parse_datetime
from ._typing import is_literal_type as is_literal_type
from ._typing import is_typeddict as is_typeddict
from ._typing import is_union as is_union

__all__ = ["get_args", "get_origin", "is_literal_type", "is_typeddict", "is_union", "parse_date", "parse_datetime"]
