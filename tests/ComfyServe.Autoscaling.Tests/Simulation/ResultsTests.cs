using ComfyServe.Testing;

namespace ComfyServe.Autoscaling.Tests.Simulation;

public sealed class ResultsTests
{
    [Fact]
    public void PublishedTable_AgainstARun_IsTrue()
    {
        var path = Path.Combine(RepositoryRoot.Path, "bench", "results", "autoscaling.md");
        var table = ScalingComparison.Table(ScalingComparison.Run(ScalingComparison.Seed));
        if (Environment.GetEnvironmentVariable("COMFYSERVE_WRITE_RESULTS") == "1")
        {
            var text = File.ReadAllText(path);
            File.WriteAllText(path, text[..text.IndexOf("| trace", StringComparison.Ordinal)] + table);
        }

        Assert.EndsWith(table, File.ReadAllText(path), StringComparison.Ordinal);
    }
}
