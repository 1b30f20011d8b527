/** What is told of a function of a turn that failed. */
export interface AgentToolError {
  /** What was thrown; it stays here, the model hears only that the call failed. */
  readonly error: unknown;
  readonly tool_name: string;
  readonly session_id: string;
  readonly turn_id: string;
  readonly call_id: string;
  readonly stage: 'arguments' | 'execution' | 'output';
}
