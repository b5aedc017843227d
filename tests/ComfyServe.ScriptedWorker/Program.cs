using System.Globalization;
using System.Runtime.InteropServices;
using ComfyServe.ScriptedWorker;

// Started as the original's worker would be: everything comes in environment variables.
static string Get(string name) => Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException($"'{name}' is not set");

var port = int.Parse(Get("WORKER_PORT"), CultureInfo.InvariantCulture);
await using var worker = await WorkerServer.StartAsync(
    new ScriptedWorkerOptions
    {
        Gateway = Get("REPORT_ADDR"),
        Id = long.Parse(Get("CONTAINER_ID"), CultureInfo.InvariantCulture),
        Mtoken = Get("MASTER_TOKEN"),
        Port = port,
        Perf = double.Parse(Environment.GetEnvironmentVariable("SCRIPTED_PERF") ?? "100", CultureInfo.InvariantCulture),
        LoadTime = TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable("SCRIPTED_LOAD_TIME") ?? "0", CultureInfo.InvariantCulture)),
        Ours = Environment.GetEnvironmentVariable("SCRIPTED_OURS") == "true",
        NewerForm = true,
    },
    CancellationToken.None);
using var ended = new CancellationTokenSource();
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
{
    signal.Cancel = true;
    ended.Cancel();
});
try
{
    await worker.StoppedAsync(ended.Token);
}
catch (OperationCanceledException)
{
    // Terminated.
}
