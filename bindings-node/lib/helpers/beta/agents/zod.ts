/** Text of a turn of an agent, by a schema of zod. */
import { agentOutputFormat } from '../../../lib/beta/agents/output-format.js';
import type { AgentOutputFormat } from '../../../lib/beta/agents/output-format-types.js';
import { zodTextFormat } from '../../zod.js';

type Output<S> =
  S extends { _output: infer Out } ? Out
  : S extends { _zod: { output: infer Out } } ? Out
  : never;

/** A format whose text is of this schema. */
export function zodAgentTextFormat<S extends Parameters<typeof zodTextFormat>[0]>(schema: S): AgentOutputFormat<Output<S>> {
  const format = zodTextFormat(schema as never, 'agent_output') as unknown as {
    schema: Record<string, unknown>;
    $parseRaw: (text: string) => Output<S>;
  };
  return agentOutputFormat(format.schema, format.$parseRaw);
}
