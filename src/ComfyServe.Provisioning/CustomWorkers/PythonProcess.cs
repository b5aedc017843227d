using System.Diagnostics;
using System.Runtime.InteropServices;
using ComfyServe.Contracts.Serverless;

namespace ComfyServe.Provisioning.CustomWorkers;

/// <summary>Runs a Python worker in the foreground: its output is ours, a stop is passed on.</summary>
public static class PythonProcess
{
    private const int Terminate = 15;

    /// <summary>Runs it until it ends, or until it is told to and has had its time.</summary>
    /// <param name="python">The Python.</param>
    /// <param name="worker">The working copy with the worker.</param>
    /// <param name="variables">Variables on top of our own.</param>
    /// <param name="grace">How long it may take to stop before it is killed with all that it started.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Tells it to stop.</param>
    /// <returns>Its exit code; 0 where it was told to stop and did.</returns>
    /// <exception cref="PythonWorkerException">It could not be started.</exception>
    public static async Task<int> RunAsync(string python, CustomWorker worker, IReadOnlyDictionary<string, string> variables, TimeSpan grace, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(worker);
        ArgumentNullException.ThrowIfNull(variables);
        var start = new ProcessStartInfo(python, ["-m", worker.PythonModule!]) { WorkingDirectory = worker.Folder, UseShellExecute = false };
        foreach (var name in WithheldVariables.Names)
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw new PythonWorkerException($"'{python}' cannot be started: {error.Message}");
        }

        try
        {
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await StopAsync(process, grace, time);
            return 0;
        }
    }

    private static async Task StopAsync(Process process, TimeSpan grace, TimeProvider time)
    {
        _ = kill(process.Id, Terminate);
        using var patience = new CancellationTokenSource(grace, time);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int kill(int process, int signal);
}
