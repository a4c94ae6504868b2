// The second half of the ready-made scenarios, in memory.
import { describeScenarios } from "./ready-made-runs.ts";

describeScenarios(1, 2);
