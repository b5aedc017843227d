using System.Net;
using System.Net.Sockets;
using ComfyServe.Cli.Roles;
using ComfyServe.Hosting.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace ComfyServe.Cli.Tests.Roles;

public sealed class RoleGroupTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Dispose_AfterARoleThatCouldNotStart_StopsTheOthersInOppositeOrder()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        List<string> stopped = [];
        var group = new RoleGroup();
        await group.StartAsync("engine", Server(0, () => stopped.Add("engine")), Cancellation);
        await group.StartAsync("API service", Server(0, () => stopped.Add("API service")), Cancellation);
        group.Add("process", "http://127.0.0.1:1", new Process(() => stopped.Add("process")));

        await Assert.ThrowsAsync<UsageException>(() => group.StartAsync("gateway", Server(((IPEndPoint)taken.LocalEndpoint).Port, static () => { }), Cancellation));
        await group.DisposeAsync();

        Assert.Equal(["process", "API service", "engine"], stopped);
        Assert.Equal(["engine", "API service", "process"], group.Urls.Select(static u => u.Role));
    }

    [Fact]
    public async Task UntilStopped_OneServerEndsByItself_Ends()
    {
        await using var group = new RoleGroup();
        await group.StartAsync("engine", Server(0, static () => { }), Cancellation);
        var second = Server(0, static () => { });
        await group.StartAsync("API service", second, Cancellation);

        second.Lifetime.StopApplication();

        await group.UntilStoppedAsync(Cancellation).WaitAsync(Cancellation);
    }

    [Fact]
    public void Check_TakenAndDoubledPorts_AllAreNamed()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var ports = new ListenPorts().Add("engine", "127.0.0.1", port).Add("gateway", "127.0.0.1", 0).Add("worker", "127.0.0.1", 54321).Add("API service", "127.0.0.1", 54321);

        var mistakes = Assert.Throws<UsageException>(ports.Check).Message.Split(Environment.NewLine);

        Assert.Equal("port 54321 is wanted by the worker and the API service: each needs its own", mistakes[0]);
        Assert.StartsWith($"127.0.0.1:{port}, for the engine, is taken by another program", mistakes[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Command_OfAnEngine_IsOneThatItsVerbTakes()
    {
        var plan = new EnginePlan("/data folder", 0, ["/models"], Fp32: true, Memory: null);

        Assert.Empty(CommandLine.Build().Parse([.. plan.Command(8188)]).Errors);
    }

    private static WebApplication Server(int port, Action stopped)
    {
        var builder = RoleServer.CreateBuilder(typeof(RoleGroupTests));
        Role.Configure(builder);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        var server = builder.Build();
        server.Lifetime.ApplicationStopped.Register(stopped);
        return server;
    }

    private sealed class Process(Action stopped) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            stopped();
            return ValueTask.CompletedTask;
        }
    }
}
