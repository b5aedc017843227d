using System.ComponentModel;
using System.Diagnostics;
using ComfyServe.Diffusion.Runtime;

namespace ComfyServe.Cli.Doctor;

/// <summary>Whether there is an NVIDIA GPU with a driver that answers.</summary>
internal static class GpuCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Checks this machine, and whether this program was built for what it has.</summary>
    public static async Task<Finding> RunAsync(CancellationToken cancellationToken) =>
        Judge(await AskAsync("nvidia-smi", "/dev/nvidiactl", Patience, cancellationToken), Accelerator.UsesGpu);

    /// <summary>Adds what this program makes of the GPU to what the driver says.</summary>
    /// <param name="driver">What the driver says.</param>
    /// <param name="usesGpu">Whether this program was built for a GPU.</param>
    internal static Finding Judge(Finding driver, bool usesGpu) => (driver.Level, usesGpu) switch
    {
        (FindingLevel.Ok, false) => driver with
        {
            Level = FindingLevel.Warning,
            Advice = "this program was built for the processor: build it with '-p:Accelerator=cuda', or put the API service before a ComfyUI with '--engine'",
        },
        (FindingLevel.NotUsed, true) => driver with { Level = FindingLevel.Warning, Advice = "this program was built for a GPU: without one, leave '-p:Accelerator=cuda' out" },
        _ => driver,
    };

    /// <summary>Asks a program about the GPU.</summary>
    /// <param name="program">The driver's program.</param>
    /// <param name="device">The device file that there is where a driver is loaded.</param>
    /// <param name="patience">How long the program may take.</param>
    /// <param name="cancellationToken">Stops it.</param>
    internal static async Task<Finding> AskAsync(string program, string device, TimeSpan patience, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        try
        {
            using var process = Process.Start(start)!;
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(patience);
            try
            {
                var text = await process.StandardOutput.ReadToEndAsync(limit.Token);
                await process.WaitForExitAsync(limit.Token);
                return process.ExitCode == 0 && text.Trim().Length > 0
                    ? new("gpu", FindingLevel.Ok, string.Join("; ", text.Trim().Split('\n')))
                    : new("gpu", FindingLevel.Problem, $"nvidia-smi ended with exit code {process.ExitCode}", "the driver does not answer: reboot, or install it again");
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                process.Kill(entireProcessTree: true);
                return new("gpu", FindingLevel.Problem, $"nvidia-smi does not answer within {patience.TotalSeconds} s", "the driver hangs: reboot");
            }
        }
        catch (Win32Exception)
        {
            return File.Exists(device)
                ? new("gpu", FindingLevel.Problem, "there is a GPU and no nvidia-smi", "start the container with '--gpus all' and the NVIDIA container toolkit")
                : new("gpu", FindingLevel.NotUsed, "no NVIDIA GPU: pictures are computed on the processor");
        }
    }
}
