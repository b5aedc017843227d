using ComfyServe.Testing.Databases;

[assembly: AssemblyFixture(typeof(ComfyServe.Jobs.Tests.PostgresFixture))]

namespace ComfyServe.Jobs.Tests;

/// <summary>One PostgreSQL server for all tests; each test has its own database.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private PostgresServer? _server;

    public async ValueTask InitializeAsync()
    {
        if (PostgresServer.IsInstalled)
        {
            _server = await PostgresServer.StartAsync();
        }
    }

    public async Task<string> CreateDatabaseAsync()
    {
        Assert.SkipWhen(_server is null, "PostgreSQL is not installed");
        return await _server!.CreateDatabaseAsync();
    }

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
