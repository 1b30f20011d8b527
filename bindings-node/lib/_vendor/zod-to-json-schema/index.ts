/** Schemas of zod 3 as JSON Schema. */
import { zodToJsonSchema } from './zodToJsonSchema';

export { zodToJsonSchema, type Options } from './zodToJsonSchema';

export default zodToJsonSchema;
