using ComfyServe.Training.Data;
using ComfyServe.Training.Models;
using static TorchSharp.torch;

namespace ComfyServe.Training.Stages;

/// <summary>Pictures for the autoencoder: windows of scenes, one in four with its colour channels exchanged, so that all colours occur.</summary>
/// <remarks>Pairs are frequent: small shapes are what an autoencoder loses first.</remarks>
/// <param name="seed">Of the scenes.</param>
internal sealed class PictureSource(ulong seed)
{
    private readonly StarterScenes _scenes = new(seed);

    /// <summary>Windows of the scenes from <paramref name="first"/> on: [count, 3, window, window], −1 to 1.</summary>
    public Tensor Draw(long first, int count, int window)
    {
        var side = StarterSizes.Picture;
        var planes = new float[count * 3 * window * window];
        for (var i = 0; i < count; i++)
        {
            var random = new Random(unchecked((int)((first + i) * 7919)));
            var part = planes.AsSpan(i * 3 * window * window, 3 * window * window);
            SceneRenderer.Draw(_scenes[StarterScenes.FirstMixed + first + i], part, side, random.Next(side - window + 1), random.Next(side - window + 1), window);
            if (random.Next(4) == 0)
            {
                ExchangeChannels(random, part);
            }
        }

        return tensor(planes, [count, 3, window, window]);
    }

    private static void ExchangeChannels(Random random, Span<float> planes)
    {
        var plane = planes.Length / 3;
        var copy = planes.ToArray();
        int[] order = [0, 1, 2];
        random.Shuffle(order);
        for (var channel = 0; channel < 3; channel++)
        {
            copy.AsSpan(order[channel] * plane, plane).CopyTo(planes[(channel * plane)..]);
        }
    }
}
