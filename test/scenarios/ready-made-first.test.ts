// The first half of the ready-made scenarios, in memory.
import { describeScenarios } from "./ready-made-runs.ts";

describeScenarios(0, 2);
