export { listen, type Listening } from "./listen.ts";
export { readSettings, SettingError, type Settings, type StartFlags } from "./settings.ts";
