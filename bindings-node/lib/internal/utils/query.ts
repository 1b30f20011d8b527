/** Parameters of a URL. */
import { stringify } from '../qs/stringify';

/** Parameters as the API writes them: `name[]` for the items of lists, `name[member]` for members of objects. */
export function stringifyQuery(query: object | Record<string, unknown>): string {
  return stringify(query, { arrayFormat: 'brackets' });
}
