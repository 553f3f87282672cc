-- Written by `python -m tests.support.write_new_database`, version 0017
CREATE TABLE agent_tasks (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	experiment_id INTEGER NOT NULL, 
	entry_id INTEGER NOT NULL, 
	entry_identity VARCHAR(64) NOT NULL, 
	task_name TEXT NOT NULL, 
	input_values JSON NOT NULL, 
	messages JSON NOT NULL, 
	criteria JSON NOT NULL, 
	CONSTRAINT fk_agent_tasks_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id), 
	CONSTRAINT fk_agent_tasks_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (id) ON DELETE CASCADE, 
	CONSTRAINT uq_agent_tasks_experiment_id_entry_id UNIQUE (experiment_id, entry_id)
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0017');
CREATE TABLE api_keys (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id INTEGER NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	prefix VARCHAR(16) NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME, 
	revoked_at DATETIME, 
	last_used_at DATETIME, role VARCHAR(16) DEFAULT 'admin' NOT NULL, 
	CONSTRAINT fk_api_keys_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE, 
	CONSTRAINT uq_api_keys_digest UNIQUE (digest)
);
CREATE TABLE audit_events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	created_at DATETIME NOT NULL, 
	project_id INTEGER, 
	key_id INTEGER, 
	key_name VARCHAR(255) NOT NULL, 
	key_role VARCHAR(16), 
	address VARCHAR(64), 
	request_id VARCHAR(128), 
	operation VARCHAR(64) NOT NULL, 
	method VARCHAR(16), 
	path VARCHAR(255), 
	status INTEGER, 
	object_kind VARCHAR(32), 
	object_id INTEGER, 
	object_name VARCHAR(255)
);
CREATE TABLE call_places (
	resource VARCHAR(64) NOT NULL, 
	owner VARCHAR(64) NOT NULL, 
	places INTEGER NOT NULL, 
	wanted INTEGER NOT NULL, 
	most INTEGER NOT NULL, 
	paused_until DATETIME, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_call_places PRIMARY KEY (resource, owner)
);
CREATE TABLE collection_columns (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	collection_id INTEGER NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	column_type VARCHAR(32) NOT NULL, 
	default_value TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	categorical_values JSON, 
	CONSTRAINT fk_collection_columns_collection_id FOREIGN KEY(collection_id) REFERENCES collections (id) ON DELETE CASCADE, 
	CONSTRAINT uq_collection_columns_collection_id_name UNIQUE (collection_id, name)
);
CREATE TABLE collections (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id INTEGER NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	description TEXT NOT NULL, 
	collection_type VARCHAR(32) NOT NULL, 
	read_only BOOLEAN NOT NULL, 
	environment_config JSON, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	deleted_at DATETIME, is_scenario_set BOOLEAN DEFAULT FALSE NOT NULL, 
	CONSTRAINT fk_collections_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);
CREATE TABLE criteria (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	criterion_set_id INTEGER NOT NULL, 
	criterion_str TEXT NOT NULL, 
	label VARCHAR(255) NOT NULL, 
	position INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	superseded_at DATETIME, 
	deleted_at DATETIME, entry_id INTEGER CONSTRAINT fk_criteria_entry_id REFERENCES entries (id) ON DELETE CASCADE, rule JSON, 
	CONSTRAINT fk_criteria_criterion_set_id FOREIGN KEY(criterion_set_id) REFERENCES criterion_sets (id) ON DELETE CASCADE
);
CREATE TABLE criterion_sets (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id INTEGER NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	deleted_at DATETIME, 
	CONSTRAINT fk_criterion_sets_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);
CREATE TABLE earlier_ratings (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	experiment_id INTEGER NOT NULL, 
	response_id INTEGER NOT NULL, 
	criterion_id INTEGER NOT NULL, 
	rating VARCHAR(3) NOT NULL, 
	reasoning TEXT, 
	generation_metadata JSON, 
	rating_version VARCHAR(255), 
	created_at DATETIME NOT NULL, 
	replaced_at DATETIME NOT NULL, 
	CONSTRAINT fk_earlier_ratings_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (id) ON DELETE CASCADE, 
	CONSTRAINT fk_earlier_ratings_response_id FOREIGN KEY(response_id) REFERENCES responses (id) ON DELETE CASCADE, 
	CONSTRAINT fk_earlier_ratings_criterion_id FOREIGN KEY(criterion_id) REFERENCES criteria (id)
);
CREATE TABLE entries (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	collection_id INTEGER NOT NULL, 
	input_values JSON NOT NULL, 
	environment_config JSON, 
	identity VARCHAR(64) NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	deleted_at DATETIME, upload_id INTEGER CONSTRAINT fk_entries_upload_id REFERENCES row_uploads (id) ON DELETE CASCADE, 
	CONSTRAINT fk_entries_collection_id FOREIGN KEY(collection_id) REFERENCES collections (id) ON DELETE CASCADE
);
CREATE TABLE experiments (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id INTEGER NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	description TEXT NOT NULL, 
	prompt_template_id INTEGER, 
	collection_id INTEGER NOT NULL, 
	criterion_set_id INTEGER NOT NULL, 
	llm_config_id INTEGER, 
	rating_version VARCHAR(255), 
	rating_mode VARCHAR(32) NOT NULL, 
	n_epochs INTEGER NOT NULL, 
	generation_params JSON, 
	evaluation_mode VARCHAR(32) NOT NULL, 
	response_column_id INTEGER, 
	agent_config JSON, 
	evaluation_agent_config JSON, 
	generation_task_id VARCHAR(32), 
	has_internal_error BOOLEAN NOT NULL, 
	started_at DATETIME, 
	finished_at DATETIME, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, persona_group_id INTEGER CONSTRAINT fk_experiments_persona_group_id REFERENCES persona_groups (id), deleted_at DATETIME, cache_seconds INTEGER, answers_from_elsewhere BOOLEAN, 
	CONSTRAINT fk_experiments_collection_id FOREIGN KEY(collection_id) REFERENCES collections (id), 
	CONSTRAINT fk_experiments_criterion_set_id FOREIGN KEY(criterion_set_id) REFERENCES criterion_sets (id), 
	CONSTRAINT fk_experiments_llm_config_id FOREIGN KEY(llm_config_id) REFERENCES llm_configs (id), 
	CONSTRAINT fk_experiments_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE, 
	CONSTRAINT fk_experiments_prompt_template_id FOREIGN KEY(prompt_template_id) REFERENCES prompt_templates (id), 
	CONSTRAINT uq_experiments_project_id_name UNIQUE (project_id, name)
);
CREATE TABLE idempotency_keys (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id INTEGER NOT NULL, 
	"key" VARCHAR(255) NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	status INTEGER NOT NULL, 
	body BLOB NOT NULL, 
	created_at DATETIME NOT NULL, is_compressed BOOLEAN DEFAULT FALSE NOT NULL, 
	CONSTRAINT fk_idempotency_keys_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE, 
	CONSTRAINT uq_idempotency_keys_project_id_key UNIQUE (project_id, "key")
);
CREATE TABLE kept_calls (
	project_id INTEGER NOT NULL, 
	"key" BLOB NOT NULL, 
	answer BLOB NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_kept_calls PRIMARY KEY (project_id, "key"), 
	CONSTRAINT fk_kept_calls_project_id_projects FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);
CREATE TABLE kept_results (
	experiment_id INTEGER NOT NULL, 
	token VARCHAR(32) NOT NULL, 
	body BLOB, 
	CONSTRAINT pk_kept_results PRIMARY KEY (experiment_id), 
	CONSTRAINT fk_kept_results_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (id) ON DELETE CASCADE
);
CREATE TABLE labels (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	experiment_id INTEGER NOT NULL, 
	response_id INTEGER NOT NULL, 
	criterion_id INTEGER NOT NULL, 
	labeller INTEGER NOT NULL, 
	key_name VARCHAR(255) NOT NULL, 
	value VARCHAR(6) NOT NULL, 
	reason TEXT, 
	created_at DATETIME NOT NULL, 
	superseded_at DATETIME, 
	CONSTRAINT ck_labels_value CHECK (value IN ('YES', 'NO', 'UNSURE')), 
	CONSTRAINT fk_labels_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (id) ON DELETE CASCADE, 
	CONSTRAINT fk_labels_response_id FOREIGN KEY(response_id) REFERENCES responses (id) ON DELETE CASCADE, 
	CONSTRAINT fk_labels_criterion_id FOREIGN KEY(criterion_id) REFERENCES criteria (id)
);
CREATE TABLE llm_configs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id INTEGER NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	description TEXT NOT NULL, 
	llm_model_name VARCHAR(255) NOT NULL, 
	llm_base_url TEXT, 
	api_key TEXT, 
	api_version VARCHAR(255), 
	max_connections INTEGER NOT NULL, 
	inference_type VARCHAR(32) NOT NULL, 
	max_retries INTEGER, 
	timeout INTEGER, 
	system_message TEXT, 
	max_tokens INTEGER, 
	top_p FLOAT, 
	temperature FLOAT, 
	best_of INTEGER, 
	top_k INTEGER, 
	logprobs BOOLEAN, 
	top_logprobs INTEGER, 
	reasoning_effort VARCHAR(32), 
	verbosity VARCHAR(32), 
	custom_api_config JSON, 
	custom_response_parser TEXT, 
	input_price_per_mtok FLOAT, 
	output_price_per_mtok FLOAT, 
	created_at DATETIME NOT NULL, 
	deleted_at DATETIME, 
	CONSTRAINT fk_llm_configs_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);
CREATE TABLE log_cursors (
	connection_uuid VARCHAR(36) NOT NULL, 
	task_id VARCHAR(32) NOT NULL, 
	last_line_id INTEGER NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_log_cursors PRIMARY KEY (connection_uuid, task_id), 
	CONSTRAINT fk_log_cursors_task_id FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE
);
CREATE TABLE log_lines (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	task_id VARCHAR(32) NOT NULL, 
	line TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT fk_log_lines_task_id FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE
);
CREATE TABLE organizations (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR(255) NOT NULL, 
	domain VARCHAR(255) NOT NULL, 
	stripe_subscription_id VARCHAR(255), 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL
);
CREATE TABLE persona_group_members (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	persona_group_id INTEGER NOT NULL, 
	persona_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	CONSTRAINT fk_persona_group_members_persona_group_id FOREIGN KEY(persona_group_id) REFERENCES persona_groups (id) ON DELETE CASCADE, 
	CONSTRAINT fk_persona_group_members_persona_id FOREIGN KEY(persona_id) REFERENCES personas (id) ON DELETE CASCADE, 
	CONSTRAINT uq_persona_group_members_persona_group_id_persona_id UNIQUE (persona_group_id, persona_id)
);
CREATE TABLE persona_groups (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id INTEGER NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	description TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	deleted_at DATETIME, 
	CONSTRAINT fk_persona_groups_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);
CREATE TABLE persona_versions (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	persona_id INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	description TEXT NOT NULL, 
	domain_knowledge TEXT, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT fk_persona_versions_persona_id FOREIGN KEY(persona_id) REFERENCES personas (id) ON DELETE CASCADE, 
	CONSTRAINT uq_persona_versions_persona_id_version UNIQUE (persona_id, version)
);
CREATE TABLE personas (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id INTEGER NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	deleted_at DATETIME, 
	CONSTRAINT fk_personas_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);
CREATE TABLE projects (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	organization_id INTEGER NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	description TEXT NOT NULL, 
	public_in_org BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT fk_projects_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id), 
	CONSTRAINT uq_projects_organization_id_name UNIQUE (organization_id, name)
);
CREATE TABLE prompt_templates (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id INTEGER NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	version INTEGER NOT NULL, 
	messages JSON NOT NULL, 
	placeholders JSON NOT NULL, 
	response_format JSON, 
	tools JSON, 
	tool_choice JSON, 
	parent_prompt_template_id INTEGER, 
	identity VARCHAR(64) NOT NULL, 
	criterion_set_id INTEGER, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	deleted_at DATETIME, 
	CONSTRAINT fk_prompt_templates_criterion_set_id FOREIGN KEY(criterion_set_id) REFERENCES criterion_sets (id) ON DELETE SET NULL, 
	CONSTRAINT fk_prompt_templates_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);
CREATE TABLE prompts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	experiment_id INTEGER NOT NULL, 
	prompt_template_id INTEGER, 
	entry_id INTEGER NOT NULL, 
	entry_identity VARCHAR(64) NOT NULL, 
	input_values JSON NOT NULL, 
	messages JSON NOT NULL, 
	resolved_tools JSON, 
	resolved_tool_choice JSON, 
	resolved_response_format JSON, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT fk_prompts_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id), 
	CONSTRAINT fk_prompts_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (id) ON DELETE CASCADE, 
	CONSTRAINT fk_prompts_prompt_template_id FOREIGN KEY(prompt_template_id) REFERENCES prompt_templates (id), 
	CONSTRAINT uq_prompts_experiment_id_entry_id UNIQUE (experiment_id, entry_id)
);
CREATE TABLE ratings (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	response_id INTEGER NOT NULL, 
	criterion_id INTEGER NOT NULL, 
	rating VARCHAR(3) NOT NULL, 
	reasoning TEXT, 
	generation_metadata JSON, 
	created_at DATETIME NOT NULL, input_tokens INTEGER, output_tokens INTEGER, cost_usd FLOAT, origin VARCHAR(16), 
	CONSTRAINT ck_ratings_rating CHECK (rating IN ('YES', 'NO')), 
	CONSTRAINT fk_ratings_criterion_id FOREIGN KEY(criterion_id) REFERENCES criteria (id), 
	CONSTRAINT fk_ratings_response_id FOREIGN KEY(response_id) REFERENCES responses (id) ON DELETE CASCADE, 
	CONSTRAINT uq_ratings_response_id_criterion_id UNIQUE (response_id, criterion_id)
);
CREATE TABLE responses (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	experiment_id INTEGER NOT NULL, 
	prompt_id INTEGER NOT NULL, 
	entry_id INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	messages JSON NOT NULL, 
	error TEXT, 
	annotation TEXT NOT NULL, 
	termination_reason VARCHAR(255), 
	trajectory JSON, 
	generation_metadata JSON, 
	llm_model_name VARCHAR(255), 
	duration_seconds FLOAT, 
	input_tokens INTEGER, 
	output_tokens INTEGER, 
	reasoning_tokens INTEGER, 
	input_price_per_mtok FLOAT, 
	output_price_per_mtok FLOAT, 
	created_at DATETIME NOT NULL, persona_version_id INTEGER CONSTRAINT fk_responses_persona_version_id REFERENCES persona_versions (id), trajectory_ingest_error TEXT, agent_trial JSON, flaw TEXT, judged_as_of DATETIME, cached BOOLEAN, 
	CONSTRAINT ck_responses_epoch CHECK (epoch >= 1), 
	CONSTRAINT fk_responses_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id), 
	CONSTRAINT fk_responses_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (id) ON DELETE CASCADE, 
	CONSTRAINT fk_responses_prompt_id FOREIGN KEY(prompt_id) REFERENCES prompts (id) ON DELETE CASCADE
);
CREATE TABLE row_uploads (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	collection_id INTEGER NOT NULL, 
	is_new_collection BOOLEAN NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT fk_row_uploads_collection_id FOREIGN KEY(collection_id) REFERENCES collections (id) ON DELETE CASCADE
);
CREATE TABLE server_secrets (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR(64) NOT NULL, 
	key_id VARCHAR(16) NOT NULL, 
	value TEXT, 
	CONSTRAINT uq_server_secrets_name UNIQUE (name)
);
CREATE TABLE task_shares (
	task_id VARCHAR(32) NOT NULL, 
	owner VARCHAR(64) NOT NULL, 
	expires_at DATETIME NOT NULL, 
	has_progressed BOOLEAN NOT NULL, 
	CONSTRAINT pk_task_shares PRIMARY KEY (task_id, owner), 
	CONSTRAINT fk_task_shares_task_id FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE
);
CREATE TABLE tasks (
	id VARCHAR(32) NOT NULL, 
	project_id INTEGER NOT NULL, 
	experiment_id INTEGER, 
	kind VARCHAR(32) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	error_msg TEXT, 
	payload JSON NOT NULL, 
	attempts INTEGER NOT NULL, 
	lease_owner VARCHAR(64), 
	lease_expires_at DATETIME, 
	created_at DATETIME NOT NULL, 
	started_at DATETIME, 
	finished_at DATETIME, is_open BOOLEAN DEFAULT 0 NOT NULL, ended_by TEXT, 
	CONSTRAINT pk_tasks PRIMARY KEY (id), 
	CONSTRAINT fk_tasks_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (id) ON DELETE SET NULL, 
	CONSTRAINT fk_tasks_project_id FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
);
CREATE TABLE work_items (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	task_id VARCHAR(32) NOT NULL, 
	entry_id INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	ordinal INTEGER NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	attempts INTEGER NOT NULL, 
	error TEXT, 
	rating_errors JSON, 
	payload JSON, 
	response_id INTEGER, persona_version_id INTEGER CONSTRAINT fk_work_items_persona_version_id REFERENCES persona_versions (id), holder VARCHAR(64), 
	CONSTRAINT fk_work_items_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id) ON DELETE CASCADE, 
	CONSTRAINT fk_work_items_response_id FOREIGN KEY(response_id) REFERENCES responses (id) ON DELETE SET NULL, 
	CONSTRAINT fk_work_items_task_id FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE, 
	CONSTRAINT uq_work_items_task_id_entry_id_epoch_ordinal UNIQUE (task_id, entry_id, epoch, ordinal)
);
CREATE INDEX ix_projects_organization_id ON projects (organization_id);
CREATE INDEX ix_api_keys_project_id ON api_keys (project_id);
CREATE INDEX ix_collections_project_id ON collections (project_id);
CREATE UNIQUE INDEX uq_collections_live_name ON collections (project_id, name) WHERE deleted_at IS NULL;
CREATE INDEX ix_criterion_sets_project_id ON criterion_sets (project_id);
CREATE UNIQUE INDEX uq_criterion_sets_live_name ON criterion_sets (project_id, name) WHERE deleted_at IS NULL;
CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);
CREATE INDEX ix_llm_configs_project_id ON llm_configs (project_id);
CREATE UNIQUE INDEX uq_llm_configs_live_name ON llm_configs (project_id, name) WHERE deleted_at IS NULL;
CREATE INDEX ix_criteria_set_position ON criteria (criterion_set_id, position);
CREATE INDEX ix_entries_collection_id ON entries (collection_id);
CREATE INDEX ix_entries_collection_identity ON entries (collection_id, identity);
CREATE INDEX ix_prompt_templates_criterion_set_id ON prompt_templates (criterion_set_id);
CREATE INDEX ix_prompt_templates_project_id ON prompt_templates (project_id);
CREATE UNIQUE INDEX uq_prompt_templates_live_identity ON prompt_templates (project_id, identity) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX uq_prompt_templates_live_version ON prompt_templates (project_id, name, version) WHERE deleted_at IS NULL;
CREATE INDEX ix_experiments_collection_id ON experiments (collection_id);
CREATE INDEX ix_experiments_criterion_set_id ON experiments (criterion_set_id);
CREATE INDEX ix_experiments_llm_config_id ON experiments (llm_config_id);
CREATE INDEX ix_experiments_prompt_template_id ON experiments (prompt_template_id);
CREATE INDEX ix_prompts_entry_id ON prompts (entry_id);
CREATE INDEX ix_prompts_prompt_template_id ON prompts (prompt_template_id);
CREATE INDEX ix_tasks_experiment_id ON tasks (experiment_id);
CREATE INDEX ix_tasks_project_id ON tasks (project_id);
CREATE INDEX ix_tasks_status_lease ON tasks (status, lease_expires_at);
CREATE INDEX ix_log_lines_task_cursor ON log_lines (task_id, id);
CREATE INDEX ix_responses_entry_id ON responses (entry_id);
CREATE INDEX ix_responses_prompt_id ON responses (prompt_id);
CREATE INDEX ix_ratings_criterion_id ON ratings (criterion_id);
CREATE INDEX ix_work_items_entry_id ON work_items (entry_id);
CREATE INDEX ix_work_items_response_id ON work_items (response_id);
CREATE INDEX ix_work_items_task_state ON work_items (task_id, state);
CREATE INDEX ix_personas_project_id ON personas (project_id);
CREATE UNIQUE INDEX uq_personas_live_name ON personas (project_id, name) WHERE deleted_at IS NULL;
CREATE INDEX ix_persona_groups_project_id ON persona_groups (project_id);
CREATE UNIQUE INDEX uq_persona_groups_live_name ON persona_groups (project_id, name) WHERE deleted_at IS NULL;
CREATE INDEX ix_persona_group_members_persona_id ON persona_group_members (persona_id);
CREATE INDEX ix_agent_tasks_entry_id ON agent_tasks (entry_id);
CREATE INDEX ix_criteria_entry_id ON criteria (entry_id);
CREATE INDEX ix_experiments_persona_group_id ON experiments (persona_group_id);
CREATE INDEX ix_responses_persona_version_id ON responses (persona_version_id);
CREATE INDEX ix_work_items_persona_version_id ON work_items (persona_version_id);
CREATE INDEX ix_responses_row_order ON responses (experiment_id, entry_id, epoch, persona_version_id, id);
CREATE INDEX ix_entries_live ON entries (collection_id) WHERE deleted_at IS NULL;
CREATE INDEX ix_work_items_not_judged ON work_items (response_id) WHERE rating_errors IS NOT NULL;
CREATE INDEX ix_row_uploads_collection_id ON row_uploads (collection_id);
CREATE INDEX ix_entries_upload ON entries (upload_id) WHERE upload_id IS NOT NULL;
CREATE INDEX ix_work_items_flawed ON work_items (task_id) WHERE (error IS NOT NULL OR rating_errors IS NOT NULL);
CREATE TRIGGER drop_results_of_responses_insert AFTER INSERT ON responses BEGIN DELETE FROM kept_results WHERE experiment_id IN (SELECT NEW.experiment_id); END;
CREATE TRIGGER drop_results_of_responses_update AFTER UPDATE ON responses BEGIN DELETE FROM kept_results WHERE experiment_id IN (SELECT NEW.experiment_id); END;
CREATE TRIGGER drop_results_of_responses_delete AFTER DELETE ON responses BEGIN DELETE FROM kept_results WHERE experiment_id IN (SELECT OLD.experiment_id); END;
CREATE TRIGGER drop_results_of_agent_tasks_insert AFTER INSERT ON agent_tasks BEGIN DELETE FROM kept_results WHERE experiment_id IN (SELECT NEW.experiment_id); END;
CREATE TRIGGER drop_results_of_agent_tasks_update AFTER UPDATE ON agent_tasks BEGIN DELETE FROM kept_results WHERE experiment_id IN (SELECT NEW.experiment_id); END;
CREATE TRIGGER drop_results_of_agent_tasks_delete AFTER DELETE ON agent_tasks BEGIN DELETE FROM kept_results WHERE experiment_id IN (SELECT OLD.experiment_id); END;
CREATE TRIGGER drop_results_of_ratings_insert AFTER INSERT ON ratings BEGIN DELETE FROM kept_results WHERE experiment_id IN (SELECT experiment_id FROM responses WHERE id = NEW.response_id); END;
CREATE TRIGGER drop_results_of_ratings_update AFTER UPDATE ON ratings BEGIN DELETE FROM kept_results WHERE experiment_id IN (SELECT experiment_id FROM responses WHERE id = NEW.response_id); END;
CREATE TRIGGER drop_results_of_ratings_delete AFTER DELETE ON ratings BEGIN DELETE FROM kept_results WHERE experiment_id IN (SELECT experiment_id FROM responses WHERE id = OLD.response_id); END;
CREATE TRIGGER drop_results_of_work_items_insert AFTER INSERT ON work_items BEGIN DELETE FROM kept_results WHERE experiment_id IN (SELECT experiment_id FROM responses WHERE id = NEW.response_id); END;
CREATE TRIGGER drop_results_of_work_items_update AFTER UPDATE ON work_items BEGIN DELETE FROM kept_results WHERE experiment_id IN (SELECT experiment_id FROM responses WHERE id = NEW.response_id); END;
CREATE TRIGGER drop_results_of_work_items_delete AFTER DELETE ON work_items BEGIN DELETE FROM kept_results WHERE experiment_id IN (SELECT experiment_id FROM responses WHERE id = OLD.response_id); END;
CREATE TRIGGER drop_results_of_tasks_update AFTER UPDATE OF status ON tasks BEGIN DELETE FROM kept_results WHERE experiment_id IN (SELECT NEW.experiment_id); END;
CREATE TRIGGER drop_results_of_tasks_delete AFTER DELETE ON tasks BEGIN DELETE FROM kept_results WHERE experiment_id IN (SELECT OLD.experiment_id); END;
CREATE TRIGGER drop_results_of_experiments_update AFTER UPDATE OF generation_task_id, started_at, finished_at, criterion_set_id ON experiments BEGIN DELETE FROM kept_results WHERE experiment_id IN (SELECT NEW.id); END;
CREATE TRIGGER drop_results_of_entries_update AFTER UPDATE OF deleted_at ON entries BEGIN DELETE FROM kept_results WHERE experiment_id IN (SELECT id FROM experiments WHERE collection_id = NEW.collection_id); END;
CREATE TRIGGER drop_results_of_entries_delete AFTER DELETE ON entries BEGIN DELETE FROM kept_results WHERE experiment_id IN (SELECT id FROM experiments WHERE collection_id = OLD.collection_id); END;
CREATE TRIGGER drop_results_of_criteria_insert AFTER INSERT ON criteria BEGIN DELETE FROM kept_results WHERE experiment_id IN (SELECT id FROM experiments WHERE criterion_set_id = NEW.criterion_set_id); END;
CREATE TRIGGER drop_results_of_criteria_update AFTER UPDATE ON criteria BEGIN DELETE FROM kept_results WHERE experiment_id IN (SELECT id FROM experiments WHERE criterion_set_id = NEW.criterion_set_id); END;
CREATE TRIGGER drop_results_of_criteria_delete AFTER DELETE ON criteria BEGIN DELETE FROM kept_results WHERE experiment_id IN (SELECT id FROM experiments WHERE criterion_set_id = OLD.criterion_set_id); END;
CREATE INDEX ix_kept_calls_created_at ON kept_calls (created_at);
CREATE INDEX ix_work_items_free ON work_items (task_id, attempts, id) WHERE holder IS NULL AND state <> 'done';
CREATE INDEX ix_work_items_held ON work_items (holder) WHERE holder IS NOT NULL;
CREATE INDEX ix_audit_events_project_id_id ON audit_events (project_id, id);
CREATE INDEX ix_audit_events_created_at ON audit_events (created_at);
CREATE UNIQUE INDEX uq_labels_of_key ON labels (response_id, criterion_id, labeller) WHERE superseded_at IS NULL;
CREATE INDEX ix_labels_experiment_id ON labels (experiment_id);
CREATE INDEX ix_labels_response_id ON labels (response_id);
CREATE INDEX ix_labels_criterion_id ON labels (criterion_id);
CREATE INDEX ix_earlier_ratings_experiment_id ON earlier_ratings (experiment_id);
CREATE INDEX ix_earlier_ratings_response_id ON earlier_ratings (response_id);
CREATE INDEX ix_earlier_ratings_criterion_id ON earlier_ratings (criterion_id);
CREATE TRIGGER keep_earlier_ratings AFTER UPDATE ON ratings WHEN OLD.created_at <> NEW.created_at BEGIN INSERT INTO earlier_ratings (experiment_id, response_id, criterion_id, rating, reasoning, generation_metadata, created_at, rating_version, replaced_at) SELECT responses.experiment_id, OLD.response_id, OLD.criterion_id, OLD.rating, OLD.reasoning, OLD.generation_metadata, OLD.created_at, experiments.rating_version, NEW.created_at FROM responses JOIN experiments ON experiments.id = responses.experiment_id WHERE responses.id = OLD.response_id; END;
