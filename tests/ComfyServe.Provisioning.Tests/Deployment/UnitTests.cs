using System.ComponentModel;
using System.Diagnostics;
using ComfyServe.Testing;

namespace ComfyServe.Provisioning.Tests.Deployment;

/// <summary>The systemd units, checked by systemd itself where it is installed.</summary>
public sealed class UnitTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Units_PassSystemdsOwnCheck()
    {
        foreach (var unit in Directory.GetFiles(Path.Combine(RepositoryRoot.Path, "deploy", "systemd")))
        {
            // The program is not installed here; any other one will do.
            File.WriteAllText(_folder[Path.GetFileName(unit)], File.ReadAllText(unit).Replace("/opt/comfyserve/comfyserve", "/bin/true", StringComparison.Ordinal));
        }

        var start = new ProcessStartInfo("systemd-analyze", ["verify", .. Directory.GetFiles(_folder.Path)]) { RedirectStandardError = true, UseShellExecute = false };
        string complaints;
        try
        {
            using var process = Process.Start(start)!;
            complaints = process.StandardError.ReadToEnd();
            process.WaitForExit(30_000);
        }
        catch (Win32Exception)
        {
            Assert.Skip("systemd-analyze is not installed");
            return;
        }

        Assert.DoesNotContain("comfyserve", complaints, StringComparison.Ordinal);
    }
}
