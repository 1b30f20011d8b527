/** Query texts. */
import { default_format, formatters, RFC1738, RFC3986 } from './formats';

export const formats = { formatters, RFC1738, RFC3986, default: default_format };

export { stringify } from './stringify';
export type { DefaultDecoder, DefaultEncoder, Format, ParseOptions, StringifyOptions } from './types';
