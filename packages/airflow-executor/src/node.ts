/** What needs Node: serving an executor over its `http`. */
export { listen, ListenFailed } from "./ListenNode.ts"
