/** The two ways of writing a blank in a query. */
import type { Format } from './types';

export const RFC1738 = 'RFC1738';
export const RFC3986 = 'RFC3986';

export const default_format: Format = RFC3986;

export const default_formatter = (value: PropertyKey): string => String(value);

export const formatters: Record<Format, (str: PropertyKey) => string> = {
  RFC1738: (text) => String(text).replaceAll('%20', '+'),
  RFC3986: default_formatter,
};
