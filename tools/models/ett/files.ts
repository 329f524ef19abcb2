import type { Horizon } from '../../train/ett/data.ts';

/** The folder of the models, from the root of the repository, and its files. */
export const FOLDER = 'models/ett';
export const CARD = `${FOLDER}/README.md`;
export const PLOT = `${FOLDER}/forecasts.svg`;
export const CHOICES = `${FOLDER}/choices.json`;

export function modelOf(horizon: Horizon): string {
  return `${FOLDER}/horizon-${horizon}.safetensors`;
}
