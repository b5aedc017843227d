using System.ComponentModel;
using System.Diagnostics;

namespace ComfyServe.Cli.Doctor;

/// <summary>Whether there is an NVIDIA GPU with a driver that answers.</summary>
internal static class GpuCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task<Finding> RunAsync(CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("nvidia-smi", ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        try
        {
            using var process = Process.Start(start)!;
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(Patience);
            try
            {
                var text = await process.StandardOutput.ReadToEndAsync(patience.Token);
                await process.WaitForExitAsync(patience.Token);
                return process.ExitCode == 0 && text.Trim().Length > 0
                    ? new("gpu", FindingLevel.Ok, string.Join("; ", text.Trim().Split('\n')))
                    : new("gpu", FindingLevel.Problem, $"nvidia-smi ended with exit code {process.ExitCode}", "the driver does not answer: reboot, or install it again");
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                process.Kill(entireProcessTree: true);
                return new("gpu", FindingLevel.Problem, $"nvidia-smi does not answer within {Patience.TotalSeconds} s", "the driver hangs: reboot");
            }
        }
        catch (Win32Exception)
        {
            return File.Exists("/dev/nvidiactl")
                ? new("gpu", FindingLevel.Problem, "there is a GPU and no nvidia-smi", "start the container with '--gpus all' and the NVIDIA container toolkit")
                : new("gpu", FindingLevel.NotUsed, "no NVIDIA GPU: pictures are computed on the processor");
        }
    }
}
