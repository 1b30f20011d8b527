export { OpenAIRealtimeError } from './internal-base';
