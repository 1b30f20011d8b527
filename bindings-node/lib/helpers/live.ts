/** Segments of what is said in live sessions. */
export {
  TranscriptGrouper,
  type TranscriptGrouperOptions,
  type TranscriptGrouperEvents,
  type TranscriptSegment,
  type TranscriptSegmentClosedEvent,
  type TranscriptSegmentCloseReason,
} from '../lib/live/transcript-grouper.js';
