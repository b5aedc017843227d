using ComfyServe.Engine.Nodes.Models;
using ComfyServe.Engine.Nodes.Values;

namespace ComfyServe.Engine.Nodes;

/// <summary>
/// About how many bytes nodes take whose results are larger than their inputs: results and intermediate values, all 32-bit
/// floats where nothing else is said. Networks are asked for the least that they need: too much would refuse what fits.
/// </summary>
internal static class NodeMemory
{
    private const double Float = 4;
    private const double Rgb = 3;
    private const double PixelsPerCell = 8;
    private const double LeastCells = 8;

    // Cut-outs, permuted copies and the result.
    private const double Resized = 4;

    public static long OfEmptyImage(long width, long height, long batch_size) => Bytes(width, height, batch_size, Rgb);

    public static long OfEmptyLatent(long width, long height, long batch_size) => Bytes(width / PixelsPerCell, height / PixelsPerCell, batch_size, 4);

    public static long OfSolidMask(long width, long height) => Bytes(width, height);

    public static long OfRepeatedImages(ImageBatch image, long amount) => Bytes(image.Tensor.numel(), amount);

    public static long OfRepeatedLatents(Latent samples, long amount) => Bytes(samples.Samples.numel() + Mask(samples, samples.Samples.shape[0]), amount, 2);

    public static long OfScale(ImageBatch image, long width, long height)
    {
        var (w, h) = (width == 0 ? (double)image.Width * height / image.Height : width, height == 0 ? (double)image.Height * width / image.Width : height);
        return OfImages(image, w, h);
    }

    public static long OfScaleBy(ImageBatch image, double scale_by) => OfImages(image, image.Width * scale_by, image.Height * scale_by);

    public static long OfScaleToPixels(ImageBatch image, double megapixels)
    {
        var scale = Math.Sqrt(megapixels * 1024 * 1024 / ((double)image.Width * image.Height));
        return OfImages(image, image.Width * scale, image.Height * scale);
    }

    public static long OfScaleToSide(ImageBatch image, long largest_size) => OfImages(image, largest_size, largest_size);

    public static long OfPad(ImageBatch image, long target_width, long target_height) => OfImages(image, target_width, target_height);

    public static long OfScaledLatent(Latent samples, string upscale_method, long width, long height)
    {
        var (rows, columns) = (samples.Samples.shape[^2], samples.Samples.shape[^1]);
        var (w, h) = (width == 0 ? (double)columns * height / rows : width, height == 0 ? (double)rows * width / columns : height);
        return OfLatents(samples, Math.Max(w / PixelsPerCell, LeastCells), Math.Max(h / PixelsPerCell, LeastCells), upscale_method);
    }

    public static long OfScaledLatentBy(Latent samples, string upscale_method, double scale_by) =>
        OfLatents(samples, samples.Samples.shape[^1] * scale_by, samples.Samples.shape[^2] * scale_by, upscale_method);

    /// <summary>Ramps and distances are 64-bit.</summary>
    public static long OfOutpaint(ImageBatch image, long left, long top, long right, long bottom) =>
        Bytes(left + image.Width + right, top + image.Height + bottom, (image.Count * image.Channels) + 1) + Bytes(image.Width, image.Height, 12);

    public static long OfStitch(ImageBatch image1, string direction, bool match_image_size, long spacing_width, ImageBatch? image2)
    {
        if (image2 is null)
        {
            return 0;
        }

        var isBeside = direction is "left" or "right";
        double w = image2.Width, h = image2.Height;
        if (match_image_size)
        {
            (w, h) = (isBeside ? w * image1.Height / h : image1.Width, isBeside ? image1.Height : h * image1.Width / w);
        }

        var (width, height) = isBeside
            ? (image1.Width + w + spacing_width, Math.Max(image1.Height, h))
            : (Math.Max(image1.Width, w), image1.Height + h + spacing_width);
        return Bytes(width, height, Math.Max(image1.Count, image2.Count), 4, 4);
    }

    public static long OfJoinedImages(ImageBatch image1, ImageBatch image2) =>
        Bytes(image1.Width, image1.Height, image1.Count + image2.Count, Math.Max(image1.Channels, image2.Channels), Resized);

    public static long OfBlend(ImageBatch image1, ImageBatch image2) =>
        Bytes(image1.Width, image1.Height, Math.Max(image1.Count, image2.Count), image1.Channels, 8);

    public static long OfPaste(ImageBatch destination, ImageBatch source, bool resize_source, Mask? mask) =>
        Bytes(destination.Tensor.numel(), 4) + Pasted(destination.Count, destination.Width, destination.Height, source.Width, source.Height, source.Count, resize_source, mask, destination.Channels);

    public static long OfPastedLatents(Latent destination, Latent source, bool resize_source, Mask? mask)
    {
        var (to, from) = (destination.Samples.shape, source.Samples.shape);
        return Bytes(destination.Samples.numel(), 4) + Pasted(to[0], to[3], to[2], from[3], from[2], from[0], resize_source, mask, to[1]);
    }

    public static long OfPorterDuff(ImageBatch source, Mask source_alpha, ImageBatch destination, Mask destination_alpha) =>
        Bytes(destination.Width, destination.Height, new[] { source.Count, source_alpha.Count, destination.Count, destination_alpha.Count }.Min(), destination.Channels + 1, 12);

    public static long OfJoinedAlpha(ImageBatch image, Mask alpha) => Bytes(image.Width, image.Height, (alpha.Tensor.numel() / Math.Max(1, alpha.Width * alpha.Height)) + (image.Count * 4), 3);

    public static long OfMorphology(ImageBatch image, long kernel_size) =>
        Bytes(image.Width + kernel_size, image.Height + kernel_size, image.Count, image.Channels, 6);

    public static long OfBlur(ImageBatch image, long blur_radius) => OfFilter(image, blur_radius);

    public static long OfSharpen(ImageBatch image, long sharpen_radius) => OfFilter(image, sharpen_radius);

    public static long OfTwoLatents(Latent samples1, Latent samples2)
    {
        var shape = samples1.Samples.shape;
        return Bytes(shape[^1], shape[^2], Math.Max(shape[1], samples2.Samples.shape[1]), shape[0] + samples2.Samples.shape[0], 6);
    }

    public static long OfConcatenatedLatents(Latent samples1, Latent samples2) =>
        Bytes(samples1.Samples.numel(), 2) + Bytes(samples2.Samples.numel() / (double)samples2.Samples.shape[0], samples1.Samples.shape[0], 4);

    public static long OfDecoded(Latent samples, Autoencoder? vae) => vae is null ? 0 : OfNetwork(vae, samples.Samples.shape[0], samples.Samples.shape[^1] * PixelsPerCell, samples.Samples.shape[^2] * PixelsPerCell);

    public static long OfEncoded(ImageBatch pixels, Autoencoder? vae) => vae is null ? 0 : OfNetwork(vae, pixels.Count, pixels.Width, pixels.Height);

    /// <summary>Three passes are summed; a tile's own memory is small.</summary>
    public static long OfDecodedTiles(Latent samples) =>
        Bytes(samples.Samples.shape[^1] * PixelsPerCell, samples.Samples.shape[^2] * PixelsPerCell, samples.Samples.shape[0], Rgb, 4);

    /// <summary>The first stage of the network, twice for guidance.</summary>
    public static long OfSampling(Latent latent_image) => Bytes(latent_image.Samples.numel() / 4.0, 320, 2, 4);

    /// <summary>The widest layer of the text encoder, for a token of each three characters.</summary>
    public static long OfPrompt(string text) => Bytes(text.Length / 3.0, 77 / 75.0, 4 * 768, 3);

    private static long OfFilter(ImageBatch image, long radius) =>
        Bytes(image.Width + (2 * radius), image.Height + (2 * radius), image.Count, image.Channels, 5);

    private static long OfImages(ImageBatch image, double width, double height) =>
        Bytes(image.Tensor.numel()) + Bytes(width, height, image.Count, image.Channels, Resized);

    private static long OfLatents(Latent samples, double width, double height, string method) =>
        Bytes(width, height, samples.Samples.shape[0], samples.Samples.shape[1], method == "bislerp" ? 14 : 2);

    private static double Mask(Latent samples, long count) =>
        samples.NoiseMask is { } mask && mask.shape[0] > 1 ? (double)mask.numel() / mask.shape[0] * count : 0;

    private static long Pasted(
        double count, double width, double height, double sourceWidth, double sourceHeight, double sourceCount, bool isResized, Mask? mask, double channels)
    {
        var (w, h) = isResized ? (width, height) : (sourceWidth, sourceHeight);
        var weights = mask is null ? 0 : Bytes(w, h, mask.Count + Math.Max(count, sourceCount));
        return Bytes(w, h, Math.Max(count, sourceCount), channels, 4) + weights;
    }

    private static long OfNetwork(Autoencoder vae, double count, double width, double height) =>
        Bytes(width, height, count, vae.Network.Config.Channels, 2);

    /// <summary>The product of measures as 32-bit floats; the largest number where it is larger than any.</summary>
    private static long Bytes(params ReadOnlySpan<double> measures)
    {
        var bytes = Float;
        foreach (var measure in measures)
        {
            bytes *= Math.Max(measure, 0);
        }

        return bytes < long.MaxValue / 4 ? (long)bytes : long.MaxValue / 4;
    }
}
