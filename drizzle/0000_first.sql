CREATE TABLE `tokens` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`digest` text NOT NULL,
	`permissions` text NOT NULL,
	`created_at` integer NOT NULL,
	`created_by` text NOT NULL,
	`revoked_at` integer,
	`last_used_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `tokens_digest_unique` ON `tokens` (`digest`);--> statement-breakpoint
CREATE UNIQUE INDEX `tokens_by_live_name` ON `tokens` (`name`) WHERE "tokens"."revoked_at" is null;--> statement-breakpoint
CREATE TABLE `events` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at` integer NOT NULL,
	`type` text NOT NULL,
	`kind` text NOT NULL,
	`job_id` text NOT NULL,
	`owner` text NOT NULL,
	`permission` text NOT NULL,
	`final` integer NOT NULL,
	`data` text NOT NULL,
	`instance_id` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `events_by_job` ON `events` (`job_id`,`id`);--> statement-breakpoint
CREATE INDEX `events_by_time` ON `events` (`at`);--> statement-breakpoint
CREATE TABLE `jobs` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`key` text,
	`status` text NOT NULL,
	`state` text NOT NULL,
	`owner` text NOT NULL,
	`actor` text NOT NULL,
	`input` text NOT NULL,
	`view` text NOT NULL,
	`batch_id` text,
	`attempts` integer NOT NULL,
	`instance_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `jobs_live_key` ON `jobs` (`instance_id`,`kind`,`key`) WHERE status in ('queued', 'running');--> statement-breakpoint
CREATE INDEX `jobs_by_status` ON `jobs` (`instance_id`,`status`,`created_at`);--> statement-breakpoint
CREATE INDEX `jobs_by_kind` ON `jobs` (`kind`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `jobs_by_state` ON `jobs` (`kind`,`state`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `jobs_by_owner` ON `jobs` (`kind`,`owner`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `jobs_by_batch` ON `jobs` (`batch_id`);--> statement-breakpoint
CREATE TABLE `model_files` (
	`instance_id` text NOT NULL,
	`path` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`modified_ms` integer NOT NULL,
	`sha256` text NOT NULL,
	`tensor_sha256` text,
	`auto_v1` text,
	`hashed_at` integer NOT NULL,
	PRIMARY KEY(`instance_id`, `path`)
);
--> statement-breakpoint
CREATE INDEX `model_files_by_sha256` ON `model_files` (`sha256`);--> statement-breakpoint
CREATE INDEX `model_files_by_tensor` ON `model_files` (`tensor_sha256`);--> statement-breakpoint
CREATE TABLE `asset_models` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`asset_id` integer NOT NULL,
	`type` text NOT NULL,
	`name` text,
	`weight` real,
	`sha256` text,
	`tensor_sha256` text,
	`auto_v1` text,
	`auto_v2` text,
	`auto_v3` text,
	`air` text,
	`civitai_model_id` integer,
	`civitai_version_id` integer,
	FOREIGN KEY (`asset_id`) REFERENCES `assets`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `asset_models_by_asset` ON `asset_models` (`asset_id`);--> statement-breakpoint
CREATE INDEX `asset_models_by_sha256` ON `asset_models` (`sha256`);--> statement-breakpoint
CREATE INDEX `asset_models_by_tensor` ON `asset_models` (`tensor_sha256`);--> statement-breakpoint
CREATE INDEX `asset_models_by_auto_v1` ON `asset_models` (`auto_v1`);--> statement-breakpoint
CREATE INDEX `asset_models_by_auto_v2` ON `asset_models` (`auto_v2`);--> statement-breakpoint
CREATE INDEX `asset_models_by_auto_v3` ON `asset_models` (`auto_v3`);--> statement-breakpoint
CREATE INDEX `asset_models_by_air` ON `asset_models` (`air`);--> statement-breakpoint
CREATE INDEX `asset_models_by_model` ON `asset_models` (`civitai_model_id`);--> statement-breakpoint
CREATE INDEX `asset_models_by_version` ON `asset_models` (`civitai_version_id`);--> statement-breakpoint
CREATE TABLE `asset_stats` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`asset_id` integer NOT NULL,
	`cry` integer,
	`laugh` integer,
	`like` integer,
	`dislike` integer,
	`heart` integer,
	`comment` integer,
	`created_by` text NOT NULL,
	`updated_by` text NOT NULL,
	`on_behalf_of` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`asset_id`) REFERENCES `assets`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `asset_stats_by_asset` ON `asset_stats` (`asset_id`,`created_at`);--> statement-breakpoint
CREATE TABLE `assets` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`asset_url` text NOT NULL,
	`asset_type` text NOT NULL,
	`asset_source` text NOT NULL,
	`sha256sum` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`mime_type` text,
	`input_prompt_id` integer,
	`output_prompt_id` integer,
	`post_id` integer,
	`input_asset_ids` text,
	`civitai_id` text,
	`civitai_url` text,
	`metadata` text,
	`created_by` text NOT NULL,
	`updated_by` text NOT NULL,
	`on_behalf_of` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`input_prompt_id`) REFERENCES `prompts`(`id`) ON UPDATE no action ON DELETE restrict,
	FOREIGN KEY (`output_prompt_id`) REFERENCES `prompts`(`id`) ON UPDATE no action ON DELETE restrict,
	FOREIGN KEY (`post_id`) REFERENCES `posts`(`id`) ON UPDATE no action ON DELETE restrict
);
--> statement-breakpoint
CREATE UNIQUE INDEX `assets_by_sha256` ON `assets` (`sha256sum`);--> statement-breakpoint
CREATE UNIQUE INDEX `assets_by_civitai_id` ON `assets` (`civitai_id`);--> statement-breakpoint
CREATE INDEX `assets_by_civitai_url` ON `assets` (`civitai_url`);--> statement-breakpoint
CREATE INDEX `assets_by_time` ON `assets` (`created_at`);--> statement-breakpoint
CREATE INDEX `assets_by_type` ON `assets` (`asset_type`,`created_at`);--> statement-breakpoint
CREATE INDEX `assets_by_creator` ON `assets` (`created_by`,`created_at`);--> statement-breakpoint
CREATE INDEX `assets_by_post` ON `assets` (`post_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `assets_by_input_prompt` ON `assets` (`input_prompt_id`);--> statement-breakpoint
CREATE INDEX `assets_by_output_prompt` ON `assets` (`output_prompt_id`);--> statement-breakpoint
CREATE TABLE `posts` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`civitai_id` text NOT NULL,
	`civitai_url` text NOT NULL,
	`civitai_account` text NOT NULL,
	`status` text NOT NULL,
	`title` text,
	`description` text,
	`metadata` text,
	`created_by` text NOT NULL,
	`updated_by` text NOT NULL,
	`on_behalf_of` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `posts_by_civitai_id` ON `posts` (`civitai_id`);--> statement-breakpoint
CREATE INDEX `posts_by_time` ON `posts` (`created_at`);--> statement-breakpoint
CREATE INDEX `posts_by_status` ON `posts` (`status`,`created_at`);--> statement-breakpoint
CREATE INDEX `posts_by_creator` ON `posts` (`created_by`,`created_at`);--> statement-breakpoint
CREATE INDEX `posts_by_person` ON `posts` (`on_behalf_of`,`created_at`);--> statement-breakpoint
CREATE TABLE `prompts` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`prompt_text` text NOT NULL,
	`llm_model_provider` text,
	`llm_model` text,
	`purpose` text,
	`metadata` text,
	`created_by` text NOT NULL,
	`updated_by` text NOT NULL,
	`on_behalf_of` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `prompts_by_time` ON `prompts` (`created_at`);--> statement-breakpoint
CREATE INDEX `prompts_by_creator` ON `prompts` (`created_by`,`created_at`);--> statement-breakpoint
CREATE TABLE `audit` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at` integer NOT NULL,
	`actor` text NOT NULL,
	`op` text NOT NULL,
	`table_name` text NOT NULL,
	`row_id` text NOT NULL,
	`before` text,
	`after` text
);
--> statement-breakpoint
CREATE INDEX `audit_by_row` ON `audit` (`table_name`,`row_id`,`id`);--> statement-breakpoint
CREATE INDEX `audit_by_table` ON `audit` (`table_name`,`id`);--> statement-breakpoint
CREATE INDEX `audit_by_actor` ON `audit` (`actor`,`id`);--> statement-breakpoint
CREATE INDEX `audit_by_time` ON `audit` (`at`);