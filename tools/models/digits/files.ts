import type { Task } from '../../train/digits/strings.ts';

/** The folder of a model, from the root of the repository, and its files. */
export function folderOf(task: Task): string {
  return `models/${task}-digits`;
}

export function modelOf(task: Task): string {
  return `${folderOf(task)}/model.safetensors`;
}

export function cardOf(task: Task): string {
  return `${folderOf(task)}/README.md`;
}
