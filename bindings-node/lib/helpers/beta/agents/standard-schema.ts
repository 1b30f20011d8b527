/** Text of a turn of an agent, by a schema of any library that keeps to Standard Schema. */
import { agentOutputFormat } from '../../../lib/beta/agents/output-format.js';
import type { AgentOutputFormat } from '../../../lib/beta/agents/output-format-types.js';
import type { JSONSchema } from '../../../lib/jsonschema.js';
import { standardTextFormat } from '../../standard-schema.js';

type Types<S> = S extends { '~standard': { types?: infer T } } ? NonNullable<T> : never;
type Output<S> =
  [Types<S>] extends [never] ? unknown
  : Types<S> extends { readonly output: infer Out } ? Out
  : unknown;

/** A format whose text is of this schema. */
export function standardAgentTextFormat<S extends Parameters<typeof standardTextFormat>[0]>(
  schema: S,
  jsonSchema?: JSONSchema,
): AgentOutputFormat<Output<S>> {
  const format = standardTextFormat(schema as never, 'agent_output', jsonSchema ? { schema: jsonSchema } : undefined) as unknown as {
    schema: Record<string, unknown>;
    $parseRaw: (text: string) => Output<S>;
  };
  return agentOutputFormat(format.schema, format.$parseRaw);
}
