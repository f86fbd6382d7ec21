import { roundtrip } from "./support/roundtrip.ts";

roundtrip("iam");
roundtrip("sts");
roundtrip("sns");
roundtrip("cloudformation");
