using ComfyServe.Gateway.Providers;

namespace ComfyServe.Gateway.Tests.Providers;

public sealed class ScriptProviderTests : ProviderContract
{
    private protected override IWorkerProvider Provider { get; } = new ScriptProvider(TimeProvider.System);

    protected override IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string> { ["command"] = Script() };

    [Fact]
    public async Task Start_ScriptFails_SaysWhatItSaid()
    {
        var order = Order() with { Settings = new Dictionary<string, string> { ["command"] = "sh -c 'echo no such region >&2; exit 9'" } };

        var error = await Assert.ThrowsAsync<ProviderFailedException>(() => Provider.StartAsync(order, Token));

        Assert.Contains("no such region", error.Message, StringComparison.Ordinal);
        Assert.Contains("9", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_GatewayHasTheAccountsKey_ProgramDoesNotGetIt()
    {
        const string Secret = "ca_secret-of-the-account";
        Environment.SetEnvironmentVariable("COMFYSERVE_ADMIN_KEY", Secret);
        try
        {
            var order = Order() with { Settings = new Dictionary<string, string> { ["command"] = "sh -c 'printenv COMFYSERVE_ADMIN_KEY >&2; exit 9'" } };

            var error = await Assert.ThrowsAsync<ProviderFailedException>(() => Provider.StartAsync(order, Token));

            Assert.DoesNotContain(Secret, error.Message, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("COMFYSERVE_ADMIN_KEY", null);
        }
    }

    private string Script()
    {
        var path = Path.Combine(Folder, "provider.sh");
        File.WriteAllText(path, $$"""
            #!/bin/sh
            pid={{Folder}}/$2.pid
            runs() { [ -f "$pid" ] && kill -0 "$(cat "$pid")" 2>/dev/null; }
            end() { if runs; then kill -TERM "$(cat "$pid")"; while runs; do sleep 0.02; done; fi; rm -f "$pid"; }
            case $1 in
              start) runs || { setsid {{Program()}} >/dev/null 2>&1 & echo $! >"$pid"; } ;;
              stop|destroy) end ;;
              runs) runs ;;
            esac
            """);
        return "sh " + path;
    }
}
