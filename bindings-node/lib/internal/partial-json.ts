/** JSON of which the end has not come yet. */
export { MalformedJSON, PartialJSON, partialParse } from '../lib/partial-json';
