using System.Net;
using System.Text.Json.Nodes;
using ComfyServe.Gateway.Providers;
using ComfyServe.Gateway.Storage;
using ComfyServe.Gateway.Variables;
using ComfyServe.Testing.Databases;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace ComfyServe.Gateway.Tests.Http;

/// <summary>The account's variables: in through the API, out only to workers.</summary>
public sealed class VariableTests(SharedGateway shared) : IClassFixture<SharedGateway>, IDisposable
{
    private const string Secret = "hf_ThisIsNobodysBusiness";
    private readonly string _folder = Directory.CreateTempSubdirectory("comfyserve-variables-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Set_Listed_ShowsItsNameAndNeverItsValue()
    {
        var set = await shared.Gateway.CallAsync(HttpMethod.Put, "/api/v1/variables/LISTED", new { value = Secret });
        var listed = (await shared.Gateway.CallAsync(HttpMethod.Get, "/api/v1/variables/")).AsArray();

        Assert.Equal(["name", "updated_at"], set.AsObject().Select(static m => m.Key));
        Assert.Contains(listed, static v => (string?)v!["name"] == "LISTED");
        Assert.DoesNotContain(Secret, set.ToJsonString() + listed.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Set_Stored_IsNowhereInClear()
    {
        await shared.Gateway.CallAsync(HttpMethod.Put, "/api/v1/variables/STORED", new { value = Secret });

        await using var connection = await shared.Gateway.Services.GetRequiredService<GatewayDatabase>().OpenAsync(Token);
        var stored = await connection.QuerySingleAsync<string>("SELECT value FROM gateway_variables WHERE name = 'STORED'");

        Assert.DoesNotContain(Secret, stored, StringComparison.Ordinal);
        Assert.All(Directory.GetFiles(shared.Gateway.Options.DataDirectory, "gateway.db*"), static f => Assert.Equal(-1, Bytes(f).AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(Secret))));
        Assert.Equal(Secret, (await Variables(shared.Gateway).ForWorkerAsync(Token))["STORED"]);
    }

    [Fact]
    public async Task Set_Again_ReplacesAndRemoveRemoves()
    {
        await shared.Gateway.CallAsync(HttpMethod.Put, "/api/v1/variables/AGAIN", new { value = "first" });
        await shared.Gateway.CallAsync(HttpMethod.Put, "/api/v1/variables/AGAIN", new { value = "" });
        var second = (await Variables(shared.Gateway).ForWorkerAsync(Token))["AGAIN"];

        await shared.Gateway.CallAsync(HttpMethod.Delete, "/api/v1/variables/AGAIN");
        using var gone = await shared.Gateway.SendAsync(HttpMethod.Delete, "/api/v1/variables/AGAIN");

        Assert.Equal("", second);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        Assert.DoesNotContain("AGAIN", await Variables(shared.Gateway).ForWorkerAsync(Token));
    }

    [Theory]
    [InlineData("1ST", "x", "no digit first")]
    [InlineData("A-B", "x", "letters, digits")]
    [InlineData("MASTER_TOKEN", "x", "not yours")]
    [InlineData("container_id", "x", "not yours")]
    [InlineData("GOOD", null, "'value' is missing")]
    [InlineData("GOOD", "a\0b", "zero character")]
    public async Task Set_Wrong_SaysWhat(string name, string? value, string said)
    {
        using var answer = await shared.Gateway.SendAsync(HttpMethod.Put, $"/api/v1/variables/{name}", new { value });
        var text = await answer.Content.ReadAsStringAsync(Token);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(said, (string)JsonNode.Parse(text)!["msg"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Set_TooLarge_IsRefusedWithoutItsValue()
    {
        using var answer = await shared.Gateway.SendAsync(HttpMethod.Put, "/api/v1/variables/LARGE", new { value = new string('x', (16 << 10) + 1) });
        var text = await answer.Content.ReadAsStringAsync(Token);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.True(text.Length < 300, text);
    }

    [Fact]
    public async Task Calls_WithAnEndpointsKeyOrNone_AreRefused()
    {
        var (_, key) = await shared.Gateway.EndpointAsync("variables");

        using var scoped = await shared.Gateway.SendAsync(HttpMethod.Get, "/api/v1/variables/", key: key);
        using var none = await shared.Gateway.SendAsync(HttpMethod.Put, "/api/v1/variables/X", new { value = "x" }, key: null);

        Assert.Equal(HttpStatusCode.Forbidden, scoped.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, none.StatusCode);
    }

    [Fact]
    public async Task Variables_AfterARestart_AreTheSame()
    {
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.CallAsync(HttpMethod.Put, "/api/v1/variables/KEPT", new { value = Secret });

        await gateway.RestartAsync();

        Assert.Equal(Secret, (await Variables(gateway).ForWorkerAsync(Token))["KEPT"]);
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(gateway.Options.DataDirectory, "keys")));
    }

    [Fact]
    public async Task Variables_KeyRingLost_SaysWhichAndStartsNoWorkerWithoutIt()
    {
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.CallAsync(HttpMethod.Put, "/api/v1/variables/LOST", new { value = Secret });
        await gateway.StopAsync();
        Directory.Delete(Path.Combine(gateway.Options.DataDirectory, "keys"), recursive: true);
        await gateway.RestartAsync();

        var error = await Assert.ThrowsAsync<ProviderFailedException>(() => Process(gateway).StartAsync(Order("true"), Token));

        Assert.Contains("'LOST'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SixtyFifthVariable_IsRefused_AndAKnownOneIsNot()
    {
        await using var gateway = await RunningGateway.StartAsync(static o => o.CallsPerSecond = 1000);
        for (var i = 0; i < VariableRules.Most; i++)
        {
            await gateway.CallAsync(HttpMethod.Put, $"/api/v1/variables/V{i}", new { value = "x" });
        }

        using var refused = await gateway.SendAsync(HttpMethod.Put, "/api/v1/variables/ONE_MORE", new { value = "x" });
        using var known = await gateway.SendAsync(HttpMethod.Put, "/api/v1/variables/V7", new { value = "y" });

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Equal(HttpStatusCode.OK, known.StatusCode);
    }

    [Theory]
    [InlineData("process")]
    [InlineData("script")]
    public async Task Worker_StartedByAProvider_HasThemBelowItsOwn(string provider)
    {
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.CallAsync(HttpMethod.Put, "/api/v1/variables/HF_TOKEN", new { value = "two words, and \"quotes\"\nand a line" });
        var seen = Path.Combine(_folder, "seen");
        var script = Path.Combine(_folder, "worker.sh");

        // A process is the worker and stays; a script makes one and returns.
        var stay = provider == "process" ? "trap 'exit 0' TERM\nwhile :; do sleep 0.05; done\n" : "";
        File.WriteAllText(script, $"#!/bin/sh\nprintf '%s' \"$CONTAINER_ID $HF_TOKEN\" >{seen}.new && mv {seen}.new {seen}\n{stay}");

        await gateway.Services.GetRequiredService<ProviderRegistry>().Find(provider)!.StartAsync(Order($"sh {script}"), Token);

        for (var i = 0; i < 500 && !File.Exists(seen); i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), Token);
        }

        Assert.Equal("7 two words, and \"quotes\"\nand a line", await File.ReadAllTextAsync(seen, Token));
    }

    [Fact]
    public async Task Start_ScriptFailsAndShowsItsEnvironment_IsToldWithoutTheValue()
    {
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.CallAsync(HttpMethod.Put, "/api/v1/variables/HF_TOKEN", new { value = Secret });
        var provider = gateway.Services.GetRequiredService<ProviderRegistry>().Find("script")!;

        var error = await Assert.ThrowsAsync<ProviderFailedException>(() => provider.StartAsync(Order("sh -c 'echo no region for $HF_TOKEN >&2; exit 9'"), Token));

        Assert.Contains("no region for ${HF_TOKEN}", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TwoGateways_OneDatabase_ReadEachOthersVariables()
    {
        Assert.SkipUnless(PostgresServer.IsInstalled, "PostgreSQL is not installed; run eng/install-test-tools.sh");
        await using var server = await PostgresServer.StartAsync();
        var database = await server.CreateDatabaseAsync();
        await using var first = await RunningGateway.StartAsync(o => o.Database = database);
        await using var second = await RunningGateway.StartAsync(o => o.Database = database);

        await first.CallAsync(HttpMethod.Put, "/api/v1/variables/SHARED", new { value = Secret });

        Assert.Equal(Secret, (await Variables(second).ForWorkerAsync(Token))["SHARED"]);
        Assert.False(Directory.Exists(Path.Combine(first.Options.DataDirectory, "keys")));
    }

    private static AccountVariables Variables(RunningGateway gateway) => gateway.Services.GetRequiredService<AccountVariables>();

    private static IWorkerProvider Process(RunningGateway gateway) => gateway.Services.GetRequiredService<ProviderRegistry>().Find("process")!;

    private static WorkerOrder Order(string command) => new()
    {
        WorkerId = 7,
        Token = "token7",
        Endpoint = "e",
        GroupId = 1,
        ReportAddress = "http://gateway",
        Settings = new Dictionary<string, string> { ["command"] = command },
    };

    private static byte[] Bytes(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var copy = new MemoryStream();
        file.CopyTo(copy);
        return copy.ToArray();
    }
}
