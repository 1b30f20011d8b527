/** Small questions about schemas and objects. */

/** What a schema of zod 3 is defined by. */
export const zodDef = (zodSchema: any): any => ('_def' in zodSchema ? zodSchema._def : zodSchema);

export { isEmptyObj } from '../../internal/utils/values';
