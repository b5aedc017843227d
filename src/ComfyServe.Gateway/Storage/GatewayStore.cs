using System.Text.Json;
using ComfyServe.Autoscaling;
using ComfyServe.Contracts.Serverless;
using Dapper;

namespace ComfyServe.Gateway.Storage;

/// <summary>Keeps what gateways share in SQL that SQLite and PostgreSQL both speak.</summary>
internal sealed class GatewayStore(GatewayDatabase database) : IGatewayStore
{
    private const string Schema =
        """
        CREATE TABLE IF NOT EXISTS gateway_counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
        CREATE TABLE IF NOT EXISTS gateway_secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS gateway_endpoints (
            id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE, state TEXT NOT NULL, parameters TEXT NOT NULL,
            created_at DOUBLE PRECISION NOT NULL, key_number BIGINT NOT NULL);
        CREATE TABLE IF NOT EXISTS gateway_epochs (endpoint_id BIGINT PRIMARY KEY, epoch BIGINT NOT NULL);
        CREATE TABLE IF NOT EXISTS gateway_workergroups (
            id BIGINT PRIMARY KEY, endpoint_id BIGINT NOT NULL, parameters TEXT NOT NULL,
            created_at DOUBLE PRECISION NOT NULL, revision BIGINT NOT NULL);
        CREATE TABLE IF NOT EXISTS gateway_workers (id BIGINT PRIMARY KEY, endpoint_id BIGINT NOT NULL, record TEXT NOT NULL);
        CREATE INDEX IF NOT EXISTS gateway_workers_endpoint ON gateway_workers (endpoint_id);
        CREATE TABLE IF NOT EXISTS gateway_keys (
            id BIGINT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, name TEXT, scope TEXT NOT NULL, endpoint_id BIGINT,
            permissions TEXT, created_at DOUBLE PRECISION NOT NULL);
        CREATE TABLE IF NOT EXISTS gateway_key_prefixes (key_id BIGINT PRIMARY KEY, prefix TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS gateway_key_uses (key TEXT PRIMARY KEY, used_at DOUBLE PRECISION NOT NULL);
        CREATE TABLE IF NOT EXISTS gateway_variables (name TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at DOUBLE PRECISION NOT NULL);
        CREATE TABLE IF NOT EXISTS gateway_protection_keys (name TEXT PRIMARY KEY, element TEXT NOT NULL);
        """;

    private const string RaiseVersion =
        "INSERT INTO gateway_counters (name, value) VALUES ('version', 1) ON CONFLICT (name) DO UPDATE SET value = gateway_counters.value + 1";

    /// <inheritdoc/>
    public async Task InitializeAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        if (database.IsShared)
        {
            // Two gateways that start together would both find no table and both make it.
            await connection.ExecuteAsync("SELECT pg_advisory_lock(4208080)");
        }

        await connection.ExecuteAsync(Schema);
        if (database.IsShared)
        {
            await connection.ExecuteAsync("SELECT pg_advisory_unlock(4208080)");
        }
    }

    /// <inheritdoc/>
    public async Task<long> VersionAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long?>("SELECT value FROM gateway_counters WHERE name = 'version'") ?? 0;
    }

    /// <inheritdoc/>
    public async Task<long> NextAsync(string counter, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(
            """
            INSERT INTO gateway_counters (name, value) VALUES (@counter, 1)
            ON CONFLICT (name) DO UPDATE SET value = gateway_counters.value + 1 RETURNING value
            """,
            new { counter });
    }

    /// <inheritdoc/>
    public async Task<byte[]> SecretAsync(string name, Func<byte[]> make, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        const string Read = "SELECT value FROM gateway_secrets WHERE name = @name";
        var found = await connection.ExecuteScalarAsync<string?>(Read, new { name });
        if (found is null)
        {
            await connection.ExecuteAsync(
                "INSERT INTO gateway_secrets (name, value) VALUES (@name, @value) ON CONFLICT (name) DO NOTHING",
                new { name, value = Convert.ToBase64String(make()) });
            found = await connection.ExecuteScalarAsync<string>(Read, new { name });
        }

        return Convert.FromBase64String(found!);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<EndpointRow>> EndpointsAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<(long Id, string Name, string State, string Parameters, double CreatedAt, long KeyNumber)>(
            "SELECT id, name, state, parameters, created_at, key_number FROM gateway_endpoints ORDER BY id");
        return [.. rows.Select(r => new EndpointRow
        {
            Id = r.Id,
            Name = r.Name,
            State = Enum.Parse<EndpointState>(r.State),
            Parameters = JsonSerializer.Deserialize(r.Parameters, StoreJson.Default.ScalingParameters)!,
            CreatedAt = r.CreatedAt,
            KeyNumber = r.KeyNumber,
        })];
    }

    /// <inheritdoc/>
    public Task<bool> AddEndpointAsync(EndpointRow endpoint, CancellationToken cancellationToken) => WriteAsync(
        """
        INSERT INTO gateway_endpoints (id, name, state, parameters, created_at, key_number)
        VALUES (@Id, @Name, @State, @Parameters, @CreatedAt, @KeyNumber) ON CONFLICT DO NOTHING
        """,
        Values(endpoint),
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> UpdateEndpointAsync(EndpointRow endpoint, CancellationToken cancellationToken) => WriteAsync(
        """
        UPDATE gateway_endpoints SET name = @Name, state = @State, parameters = @Parameters, key_number = @KeyNumber
        WHERE id = @Id AND NOT EXISTS (SELECT 1 FROM gateway_endpoints WHERE name = @Name AND id <> @Id)
        """,
        Values(endpoint),
        cancellationToken);

    /// <inheritdoc/>
    public Task RemoveEndpointAsync(long id, CancellationToken cancellationToken) => WriteAsync(
        """
        DELETE FROM gateway_endpoints WHERE id = @id;
        DELETE FROM gateway_workergroups WHERE endpoint_id = @id;
        DELETE FROM gateway_keys WHERE endpoint_id = @id;
        """,
        new { id },
        cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<WorkergroupRow>> WorkergroupsAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<(long Id, long EndpointId, string Parameters, double CreatedAt, long Revision)>(
            "SELECT id, endpoint_id, parameters, created_at, revision FROM gateway_workergroups ORDER BY id");
        return [.. rows.Select(r => new WorkergroupRow
        {
            Id = r.Id,
            EndpointId = r.EndpointId,
            Parameters = JsonSerializer.Deserialize(r.Parameters, ServerlessJson.Default.WorkergroupParameters)!,
            CreatedAt = r.CreatedAt,
            Revision = r.Revision,
        })];
    }

    /// <inheritdoc/>
    public Task SaveWorkergroupAsync(WorkergroupRow workergroup, CancellationToken cancellationToken) => WriteAsync(
        """
        INSERT INTO gateway_workergroups (id, endpoint_id, parameters, created_at, revision)
        VALUES (@Id, @EndpointId, @Parameters, @CreatedAt, @Revision)
        ON CONFLICT (id) DO UPDATE SET endpoint_id = excluded.endpoint_id, parameters = excluded.parameters, revision = excluded.revision
        """,
        new
        {
            workergroup.Id,
            workergroup.EndpointId,
            Parameters = JsonSerializer.Serialize(workergroup.Parameters, ServerlessJson.Default.WorkergroupParameters),
            workergroup.CreatedAt,
            workergroup.Revision,
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task RemoveWorkergroupAsync(long id, CancellationToken cancellationToken) =>
        WriteAsync("DELETE FROM gateway_workergroups WHERE id = @id", new { id }, cancellationToken);

    /// <inheritdoc/>
    public async Task<long> ClaimAsync(long endpointId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(
            """
            INSERT INTO gateway_epochs (endpoint_id, epoch) VALUES (@endpointId, 1)
            ON CONFLICT (endpoint_id) DO UPDATE SET epoch = gateway_epochs.epoch + 1 RETURNING epoch
            """,
            new { endpointId });
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<WorkerRow>> WorkersAsync(long endpointId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<string>(
            "SELECT record FROM gateway_workers WHERE endpoint_id = @endpointId ORDER BY id", new { endpointId });
        return [.. rows.Select(r => JsonSerializer.Deserialize(r, StoreJson.Default.WorkerRow)!)];
    }

    /// <inheritdoc/>
    public async Task<long?> EndpointOfWorkerAsync(long workerId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long?>("SELECT endpoint_id FROM gateway_workers WHERE id = @workerId", new { workerId });
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<long>> EndpointsWithWorkersAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        return [.. await connection.QueryAsync<long>("SELECT DISTINCT endpoint_id FROM gateway_workers")];
    }

    /// <inheritdoc/>
    public async Task<bool> SaveWorkersAsync(
        long endpointId, long epoch, IReadOnlyCollection<WorkerRow> saved, IReadOnlyCollection<long> removed, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // Takes the row's lock too: a later owner's claim waits until this is done.
        var owned = await connection.ExecuteAsync(
            "UPDATE gateway_epochs SET epoch = epoch WHERE endpoint_id = @endpointId AND epoch = @epoch", new { endpointId, epoch }, transaction);
        if (owned == 0)
        {
            return false;
        }

        await connection.ExecuteAsync(
            """
            INSERT INTO gateway_workers (id, endpoint_id, record) VALUES (@Id, @EndpointId, @Record)
            ON CONFLICT (id) DO UPDATE SET endpoint_id = excluded.endpoint_id, record = excluded.record
            """,
            saved.Select(w => new { w.Id, EndpointId = endpointId, Record = JsonSerializer.Serialize(w, StoreJson.Default.WorkerRow) }),
            transaction);
        await connection.ExecuteAsync("DELETE FROM gateway_workers WHERE id = @id", removed.Select(id => new { id }), transaction);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ApiKeyRow>> ApiKeysAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<(long Id, string Hash, string? Name, string Scope, long? EndpointId, string? Permissions, double CreatedAt, string? Prefix)>(
            "SELECT id, hash, name, scope, endpoint_id, permissions, created_at, prefix FROM gateway_keys LEFT JOIN gateway_key_prefixes ON key_id = id ORDER BY id");
        return [.. rows.Select(r => new ApiKeyRow
        {
            Id = r.Id,
            Hash = r.Hash,
            Name = r.Name,
            Scope = r.Scope,
            EndpointId = r.EndpointId,
            Permissions = r.Permissions,
            CreatedAt = r.CreatedAt,
            Prefix = r.Prefix,
        })];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, double>> KeyUsesAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        var rows = await connection.QueryAsync<(string Key, double UsedAt)>("SELECT key, used_at FROM gateway_key_uses");
        return rows.ToDictionary(static r => r.Key, static r => r.UsedAt, StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public async Task SaveKeyUseAsync(string key, double usedAt, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await connection.ExecuteAsync(
            """
            INSERT INTO gateway_key_uses (key, used_at) VALUES (@key, @usedAt)
            ON CONFLICT (key) DO UPDATE SET used_at = excluded.used_at WHERE excluded.used_at > gateway_key_uses.used_at
            """,
            new { key, usedAt });
    }

    /// <inheritdoc/>
    public Task AddApiKeyAsync(ApiKeyRow key, CancellationToken cancellationToken) => WriteAsync(
        """
        INSERT INTO gateway_keys (id, hash, name, scope, endpoint_id, permissions, created_at)
        VALUES (@Id, @Hash, @Name, @Scope, @EndpointId, @Permissions, @CreatedAt);
        INSERT INTO gateway_key_prefixes (key_id, prefix) VALUES (@Id, @Prefix)
        """,
        key,
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RemoveApiKeyAsync(long id, CancellationToken cancellationToken) =>
        WriteAsync("DELETE FROM gateway_keys WHERE id = @id", new { id }, cancellationToken);

    private static object Values(EndpointRow endpoint) => new
    {
        endpoint.Id,
        endpoint.Name,
        State = endpoint.State.ToString(),
        Parameters = JsonSerializer.Serialize(endpoint.Parameters, StoreJson.Default.ScalingParameters),
        endpoint.CreatedAt,
        endpoint.KeyNumber,
    };

    // One change that a directory must see; true if it touched a row.
    private async Task<bool> WriteAsync(string sql, object values, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var touched = await connection.ExecuteAsync(sql, values, transaction);
        if (touched > 0)
        {
            await connection.ExecuteAsync(RaiseVersion, transaction: transaction);
        }

        await transaction.CommitAsync(cancellationToken);
        return touched > 0;
    }
}
