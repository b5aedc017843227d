using System.Diagnostics;
using System.Globalization;
using ComfyServe.Hosting;
using ComfyServe.Testing.Processes;

namespace ComfyServe.EndToEnd.Tests;

/// <summary>A scripted worker in a process of its own, which the system can stop in the middle of whatever it does.</summary>
internal sealed class FrozenWorker : IDisposable
{
    private readonly Process _process;

    private FrozenWorker(Process process) => _process = process;

    public static FrozenWorker Start(string gateway, long id, string mtoken, double perf)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "ComfyServe.ScriptedWorker.dll")])
        {
            UseShellExecute = false,
            Environment =
            {
                ["REPORT_ADDR"] = gateway,
                ["CONTAINER_ID"] = id.ToString(CultureInfo.InvariantCulture),
                ["MASTER_TOKEN"] = mtoken,
                ["WORKER_PORT"] = FreePort.Find().ToString(CultureInfo.InvariantCulture),
                ["SCRIPTED_PERF"] = perf.ToString(CultureInfo.InvariantCulture),
                ["SCRIPTED_OURS"] = "true",
            },
        };
        return new FrozenWorker(Process.Start(start)!);
    }

    /// <summary>SIGSTOP: its connections stay open and nothing answers.</summary>
    public void Freeze() => Signal.Send(_process, Signal.Freeze);

    /// <summary>SIGCONT.</summary>
    public void Thaw() => Signal.Send(_process, Signal.Continue);

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true); // SIGKILL ends a stopped process too
        _process.WaitForExit();
        _process.Dispose();
    }
}
