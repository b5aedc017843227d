using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Training.Evaluation;
using static TorchSharp.torch;

namespace ComfyServe.Training.Stages;

/// <summary>Many pictures in one file, to look at.</summary>
public static class PictureGrid
{
    private const int Gap = 4;

    /// <summary>Writes pictures [N, 3, H, W], −1 to 1, in rows of so many.</summary>
    public static void Write(string path, Tensor pictures, int columns)
    {
        ArgumentNullException.ThrowIfNull(pictures);
        using var scope = NewDisposeScope();
        var bytes = ((pictures.clamp(-1, 1) + 1) * 127.5).round().to(ScalarType.Byte).permute(0, 2, 3, 1).contiguous(); // [N, H, W, 3]
        var (count, height, width) = ((int)bytes.shape[0], (int)bytes.shape[1], (int)bytes.shape[2]);
        var rows = (count + columns - 1) / columns;
        var (gridWidth, gridHeight) = ((columns * (width + Gap)) + Gap, (rows * (height + Gap)) + Gap);
        var grid = new byte[gridWidth * gridHeight * 3];
        Array.Fill(grid, (byte)200);
        var source = bytes.bytes;
        for (var i = 0; i < count; i++)
        {
            var (left, top) = (Gap + (i % columns * (width + Gap)), Gap + (i / columns * (height + Gap)));
            for (var row = 0; row < height; row++)
            {
                source.Slice(((i * height) + row) * width * 3, width * 3).CopyTo(grid.AsSpan((((top + row) * gridWidth) + left) * 3));
            }
        }

        PngFile.Write(path, grid, gridWidth, gridHeight);
    }

    /// <summary>Loads the checkpoint like any other and draws the sample prompts with it, to <c>samples.png</c> of the run's folder.</summary>
    internal static void WriteSamples(TrainingOptions options)
    {
        using var scope = NewDisposeScope();
        using var checkpoint = Checkpoint.Load(options.Output, ComputeFormat.Fp32);
        var wishes = ShowPrompts.All.Select((p, i) => (p, (ulong)i)).ToList();
        Write(Path.Combine(options.Folder, "samples.png"), new PromptSampler(checkpoint, new SamplingSettings()).Draw(wishes), columns: 6);
    }
}
