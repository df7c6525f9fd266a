ALTER TABLE `asset_models` ADD `unet_weight` real;--> statement-breakpoint
ALTER TABLE `asset_models` ADD `clip_weight` real;--> statement-breakpoint
CREATE INDEX `asset_models_by_name` ON `asset_models` (`name`);