using System.Text;
using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Testing;

namespace ComfyServe.Diffusion.Tests.Checkpoints;

public sealed class ReferenceCheckpointTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 100)]
    [InlineData(7, 16)]
    [InlineData(4_194_304, 33)]
    public void Fill_AnyRange_EqualsTheFormula(long first, int count)
    {
        var values = new Half[count];

        ReferenceCheckpoint.Fill("model.diffusion_model.out.2.weight", center: 1, bound: 0.1f, first, values);

        Assert.Equal(Enumerable.Range(0, count).Select(i => Formula("model.diffusion_model.out.2.weight", 1, 0.1f, first + i)), values);
    }

    [Fact]
    public void All_Tensors_AreThoseOfStableDiffusion()
    {
        var tensors = ReferenceTensor.All();

        Assert.Equal(1145, tensors.Count);
        Assert.Equal(2_132_471_232, tensors.Sum(t => t.Length), 1_000_000L);
        Assert.Equal("cond_stage_model.transformer.text_model.embeddings.position_ids", tensors[0].Name);
        Assert.Equal("model_ema.num_updates", tensors[1].Name);
    }

    [Fact]
    public void Write_Cancelled_LeavesNothingBehind()
    {
        using var folder = new TemporaryFolder();
        using var cancelled = new CancellationTokenSource();
        var progress = new CancelAtFirstReport(cancelled);

        Assert.Throws<OperationCanceledException>(() => ReferenceCheckpoint.Write(folder["r.safetensors"], progress, cancelled.Token));

        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(folder["r.safetensors"])!));
    }

    [Fact]
    [Trait("kind", "comparison")]
    public void Write_WholeFile_HasThePublishedDigest()
    {
        Assert.SkipUnless(RecordedData.IsFull, "2 GB on disk; set COMFYSERVE_TEST_FULL=1");

        Assert.True(File.Exists(ReferenceFile.GetPath()));
    }

    private static Half Formula(string name, float center, float bound, long i)
    {
        var key = 0xcbf29ce484222325UL;
        foreach (var b in Encoding.UTF8.GetBytes(name))
        {
            key = (key ^ b) * 0x100000001b3UL;
        }

        var z = key + ((ulong)(i + 1) * 0x9E3779B97F4A7C15UL);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        z ^= z >> 31;
        var x = ((long)(z >> 40) - (1 << 23)) / (float)(1 << 23);
        return (Half)(center + (x * bound));
    }

    private sealed class CancelAtFirstReport(CancellationTokenSource source) : IProgress<double>
    {
        public void Report(double value) => source.Cancel();
    }
}
