/** Items of earlier responses, made into what a later request takes. */
import type { ResponseInputItem, ResponseOutputItem } from '../../resources/responses/responses.js';

/** An item that was sent, or that came. */
export type ResponseInputItemLike = ResponseInputItem | ResponseOutputItem;

/** Kinds of items that are sent as they are. */
const KNOWN = new Set<unknown>([
  'apply_patch_call', 'apply_patch_call_output', 'code_interpreter_call', 'compaction', 'compaction_trigger', 'computer_call', 'custom_tool_call',
  'file_search_call', 'function_call', 'function_call_output', 'image_generation_call', 'item_reference', 'local_shell_call',
  'local_shell_call_output', 'mcp_approval_request', 'mcp_approval_response', 'mcp_call', 'mcp_list_tools', 'message', 'program', 'program_output',
  'reasoning', 'shell_call', 'tool_search_call', 'tool_search_output', 'web_search_call', null, undefined,
]);

/** All items that can be sent again. */
export function toResponseInputItems(items: Iterable<ResponseInputItemLike>): ResponseInputItem[] {
  return [...items].map(toResponseInputItem).filter((item) => item !== null);
}

/** An item without what only replies have; `null`, where it would mean something else when it is sent. Fails with kinds that are not known. */
export function toResponseInputItem(item: ResponseInputItemLike): ResponseInputItem | null {
  const { type } = item as { type?: unknown };
  const found = plain(item) as any;
  switch (type) {
    case 'additional_tools':
      return found.role === 'developer' ? found : null;
    case 'shell_call_output':
      return { ...found, output: found.output.map(plain) };
    case 'computer_call_output':
      return found.status === 'failed' ? null : found;
    case 'custom_tool_call_output': {
      const { status, ...rest } = found;
      return 'status' in found && status !== 'completed' ? null : rest;
    }
    default:
      if (!KNOWN.has(type)) throw new TypeError(`Unsupported response item type: ${String(type)}`);
      return withoutParsed(found);
  }
}

/** Without who made it. */
function plain<T extends object>(item: T): T {
  if (!('created_by' in item)) return item;
  const { created_by, ...rest } = item as T & { created_by: unknown };
  return rest as unknown as T;
}

/** Without the values that helpers have put beside the texts. */
function withoutParsed(item: any): ResponseInputItem {
  if (item.type === 'function_call' && 'parsed_arguments' in item) {
    const { parsed_arguments, ...rest } = item;
    return rest;
  }
  if (item.type !== 'message' || !Array.isArray(item.content) || !item.content.some((part: any) => part && 'parsed' in part)) return item;
  return {
    ...item,
    content: item.content.map((part: any) => {
      const { parsed, ...rest } = part;
      return rest;
    }),
  };
}
