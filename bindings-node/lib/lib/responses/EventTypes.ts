/** Events of streamed responses, with what was put together so far. */
import type {
  ResponseFunctionCallArgumentsDeltaEvent as RawArgumentsDelta, ResponseStreamEvent,
  ResponseTextDeltaEvent as RawTextDelta,
} from '../../resources/responses/responses.js';

export type ResponseFunctionCallArgumentsDeltaEvent = RawArgumentsDelta & {
  /** All arguments so far. */
  snapshot: string;
};

export type ResponseTextDeltaEvent = RawTextDelta & {
  /** All text of the part so far. */
  snapshot: string;
};

export type ParsedResponseStreamEvent =
  | Exclude<ResponseStreamEvent, RawArgumentsDelta | RawTextDelta>
  | ResponseFunctionCallArgumentsDeltaEvent
  | ResponseTextDeltaEvent;
