using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Models;

/// <summary>Runs an autoencoder over overlapping tiles that are blended: large images with bounded memory. Three passes with
/// tiles of different proportions are averaged, so that no seam falls on the same place.</summary>
public static class TiledAutoencoder
{
    /// <summary>Decodes latents.</summary>
    /// <param name="network">The autoencoder.</param>
    /// <param name="latents">Unscaled latents [B, C, H, W].</param>
    /// <param name="tile">A tile's side in latent cells, at least 2.</param>
    /// <param name="overlap">How far tiles overlap in latent cells; less than half a tile.</param>
    /// <param name="onTile">Called with the tiles done and all tiles; may throw to stop.</param>
    /// <returns>fp32 [B, 8·H, 8·W, 3] on the CPU, 0 to 1.</returns>
    public static Tensor Decode(AutoencoderKl network, Tensor latents, int tile, int overlap, Action<int, int>? onTile = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(latents);
        using var scope = NewDisposeScope();
        var scale = (int)network.Config.Downscale;
        var image = Average(network.DecodeImage, latents, [(tile * 2, tile / 2), (tile / 2, tile * 2), (tile, tile)], overlap, side => side * scale, onTile);
        return ((image + 1) / 2).clamp(0, 1).permute(0, 2, 3, 1).contiguous().MoveToOuterDisposeScope(); // [B, 8·H, 8·W, 3]
    }

    /// <summary>Encodes images.</summary>
    /// <param name="network">The autoencoder.</param>
    /// <param name="pixels">Images [B, H, W, 3], 0 to 1, cropped as by <see cref="AutoencoderKl.Encode"/>.</param>
    /// <param name="tile">A tile's side in pixels, at least two latent cells; rounded down to whole cells.</param>
    /// <param name="overlap">How far tiles overlap in pixels; rounded down to whole cells, less than half a tile.</param>
    /// <param name="onTile">Called with the tiles done and all tiles; may throw to stop.</param>
    /// <returns>fp32 [B, latent channels, H/8, W/8] on the CPU.</returns>
    public static Tensor Encode(AutoencoderKl network, Tensor pixels, int tile, int overlap, Action<int, int>? onTile = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(pixels);
        using var scope = NewDisposeScope();
        var cell = (int)network.Config.Downscale;
        int Whole(int side) => side / cell * cell;
        Tensor Latents(Tensor part) => network.Encode(part.permute(0, 2, 3, 1)); // [B, C, h, w]
        var latents = Average(
            Latents,
            network.CropToCells(pixels).permute(0, 3, 1, 2),
            [(Whole(tile), Whole(tile)), (Whole(tile / 2), Whole(tile * 2)), (Whole(tile * 2), Whole(tile / 2))],
            Whole(overlap),
            side => side / cell,
            onTile);
        return latents.MoveToOuterDisposeScope();
    }

    internal static Tensor Average(
        Func<Tensor, Tensor> run, Tensor input, (int Height, int Width)[] tiles, int overlap, Func<int, int> scale, Action<int, int>? onTile)
    {
        if (tiles.Any(tile => Math.Min(tile.Height, tile.Width) <= overlap))
        {
            throw new ArgumentException("tiles must be longer than what they overlap, also those of half the side", nameof(overlap));
        }

        var all = tiles.Sum(tile => (int)input.shape[0] * Starts(input.shape[2], tile.Height, overlap).Count * Starts(input.shape[3], tile.Width, overlap).Count);
        var done = 0;
        void Report() => onTile?.Invoke(++done, all);
        Tensor? sum = null;
        foreach (var (height, width) in tiles)
        {
            var pass = Blend(run, input, height, width, overlap, scale, Report); // [B, C, H', W']
            sum = sum is null ? pass : sum.add_(pass);
        }

        return sum! / tiles.Length;
    }

    private static Tensor Blend(
        Func<Tensor, Tensor> run, Tensor input, int height, int width, int overlap, Func<int, int> scale, Action report)
    {
        using var scope = NewDisposeScope();
        var feather = scale(overlap);
        var images = new List<Tensor>();
        for (var b = 0L; b < input.shape[0]; b++)
        {
            Tensor? sum = null, total = null;
            foreach (var top in Starts(input.shape[2], height, overlap))
            {
                foreach (var left in Starts(input.shape[3], width, overlap))
                {
                    using var inner = NewDisposeScope();
                    var part = input.narrow(0, b, 1)
                        .narrow(2, top, Math.Min(height, input.shape[2] - top)).narrow(3, left, Math.Min(width, input.shape[3] - left));
                    var result = run(part); // [1, C, h', w']
                    if (sum is null)
                    {
                        long[] whole = [1, result.shape[1], scale((int)input.shape[2]), scale((int)input.shape[3])];
                        sum = zeros(whole).MoveToOuterDisposeScope();
                        total = zeros([1, 1, whole[2], whole[3]]).MoveToOuterDisposeScope();
                    }

                    var weights = Ramp(result.shape[2], feather).view(1, 1, -1, 1) * Ramp(result.shape[3], feather).view(1, 1, 1, -1);
                    Place(sum, result, top, left, scale).add_(result * weights);
                    Place(total!, result, top, left, scale).add_(weights);
                    report();
                }
            }

            images.Add(sum! / total!); // [1, C, H', W']
        }

        return cat([.. images]).MoveToOuterDisposeScope(); // [B, C, H', W']
    }

    private static Tensor Place(Tensor whole, Tensor part, int top, int left, Func<int, int> scale) =>
        whole.narrow(2, scale(top), part.shape[2]).narrow(3, scale(left), part.shape[3]);

    /// <summary>Where tiles begin along a side: as far apart as the overlap lets them.</summary>
    private static List<int> Starts(long length, int tile, int overlap)
    {
        var starts = new List<int> { 0 };
        if (length > tile)
        {
            for (var start = tile - overlap; start < length - overlap; start += tile - overlap)
            {
                starts.Add(start);
            }
        }

        return starts;
    }

    /// <summary>Weights that rise from the edge on over the overlap, and fall the same way; even where a tile is no longer than that.</summary>
    private static Tensor Ramp(long length, int feather)
    {
        if (feather == 0 || feather >= length)
        {
            return ones(length);
        }

        using var scope = NewDisposeScope();
        var rise = (arange(1, length + 1, dtype: ScalarType.Float32) / feather).clamp(max: 1);
        return (rise * rise.flip(0)).MoveToOuterDisposeScope();
    }
}
