/** Pages of the agents' lists that say more than others. */
import { CursorPage } from '../../../core/pagination.js';
import type { EnvironmentInfo } from '../../../resources/beta/agents/environments/environments.js';

/** A page of environments. */
export class EnvironmentInfosPage extends CursorPage<EnvironmentInfo> {
  declare object: 'list';
  declare first_id: string | null;
  declare last_id: string | null;
}
