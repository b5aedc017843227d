using System.Diagnostics;
using ComfyServe.Testing;

namespace ComfyServe.Architecture.Tests;

/// <summary>The build property <c>Accelerator</c>, which the image and a guide set, chooses the package of libtorch.</summary>
public sealed class AcceleratorTests
{
    [Theory]
    [InlineData("cpu", "TorchSharp-cpu", "TorchSharp-cuda-linux")]
    [InlineData("cuda", "TorchSharp-cuda-linux", "TorchSharp-cpu")]
    public async Task Accelerator_Known_TakesItsPackageAlone(string accelerator, string taken, string left)
    {
        var (exitCode, said) = await EvaluateAsync(accelerator, "-getItem:PackageReference");

        Assert.Equal(0, exitCode);
        Assert.Contains($"\"{taken}\"", said, StringComparison.Ordinal);
        Assert.DoesNotContain($"\"{left}\"", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Accelerator_Unknown_IsRefusedByName()
    {
        var (exitCode, said) = await EvaluateAsync("rocm", "-target:CheckAccelerator");

        Assert.NotEqual(0, exitCode);
        Assert.Contains("Accelerator 'rocm' is not known; use 'cpu' or 'cuda'", said, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Said)> EvaluateAsync(string accelerator, string wish)
    {
        var project = Path.Combine(RepositoryRoot.Path, "src", "ComfyServe.Diffusion", "ComfyServe.Diffusion.csproj");
        using var process = Process.Start(new ProcessStartInfo("dotnet", ["msbuild", project, "-nologo", $"-p:Accelerator={accelerator}", wish])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        var said = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, said);
    }
}
