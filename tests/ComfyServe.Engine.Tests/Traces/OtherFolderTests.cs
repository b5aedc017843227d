using System.Diagnostics;
using ComfyServe.Testing;

namespace ComfyServe.Engine.Tests.Traces;

/// <summary>Issue 11: <c>./test --golden DIR --traces DIR</c> on folders that hold only some of the files.</summary>
public sealed class OtherFolderTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private readonly string _root = Directory.CreateTempSubdirectory("comfyserve-recorded-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData]
    [InlineData("image_latent_mask_ops.json")]
    [InlineData("image_latent_mask_ops.safetensors", "loadimage/rgb.png")]
    public async Task Comparisons_CompanionFilesThatAreNotThere_AreSkippedByName(params string[] golden)
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("COMFYSERVE_GOLDEN") is not null, "other folders are given already");
        Directory.CreateDirectory(Path.Combine(_root, "golden", "loadimage"));
        var traces = Directory.CreateDirectory(Path.Combine(_root, "traces")).FullName;
        foreach (var name in golden)
        {
            File.Copy(RecordedData.Golden(name), Path.Combine(_root, "golden", name));
        }

        File.Copy(RecordedData.Traces("modelfree_success.json"), Path.Combine(traces, "modelfree_success.json"));

        var start = new ProcessStartInfo(Environment.ProcessPath!, ["--filter-trait", "kind=comparison", "--progress", "off"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            Environment = { ["COMFYSERVE_GOLDEN"] = Path.Combine(_root, "golden"), ["COMFYSERVE_TRACES"] = traces },
        };
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Patience);
        using var child = Process.Start(start)!;
        var output = await child.StandardOutput.ReadToEndAsync(deadline.Token);
        await child.WaitForExitAsync(deadline.Token);

        Assert.True(child.ExitCode == 0, output);
        Assert.All(
            (string[])["sampling_variants.safetensors", "default_*.safetensors", "object_info.json"],
            file => Assert.Contains(file, output, StringComparison.Ordinal));
    }
}
