namespace ComfyServe.Engine.Images;

/// <summary>Puts the pictures of an animation together, in Pillow's arithmetic.</summary>
/// <param name="width">Canvas width in pixels.</param>
/// <param name="height">Canvas height in pixels.</param>
internal sealed class AnimationCanvas(int width, int height)
{
    private byte[] _rgb = new byte[width * height * 3];
    private byte[] _alpha = new byte[width * height];
    private byte[]? _rgbBefore;
    private byte[]? _alphaBefore;
    private AnimatedPngFrame? _last;

    /// <summary>Clears away the last frame as it asks for, draws this one, and gives the canvas.</summary>
    /// <param name="frame">Where the picture goes.</param>
    /// <param name="picture">The picture, of the frame's size.</param>
    public DecodedFrame Draw(AnimatedPngFrame frame, DecodedFrame picture)
    {
        var isFirst = _last is null;
        Dispose();
        // The first frame has nothing before it: "as it was" is a cleared canvas.
        (_rgbBefore, _alphaBefore) = frame.Disposal != 2 ? (null, null) : isFirst ? (new byte[_rgb.Length], new byte[_alpha.Length]) : (_rgb, _alpha);
        (_rgb, _alpha) = ((byte[])_rgb.Clone(), (byte[])_alpha.Clone());
        for (var y = 0; y < frame.Height; y++)
        {
            DrawRow(frame, picture, y, replaces: isFirst || !frame.Blends || picture.Alpha is null);
        }

        _last = frame;
        return new DecodedFrame
        {
            Width = width,
            Height = height,
            Rgb = _rgb,
            Alpha = picture.Alpha is null ? null : _alpha,
            HasAlphaChannel = picture.HasAlphaChannel,
        };
    }

    private void DrawRow(AnimatedPngFrame frame, DecodedFrame picture, int y, bool replaces)
    {
        int from = y * frame.Width, to = ((frame.Top + y) * width) + frame.Left;
        if (replaces)
        {
            picture.Rgb.AsSpan(from * 3, frame.Width * 3).CopyTo(_rgb.AsSpan(to * 3));
            if (picture.Alpha is { } alpha)
            {
                alpha.AsSpan(from, frame.Width).CopyTo(_alpha.AsSpan(to));
            }

            return;
        }

        for (var x = 0; x < frame.Width; x++, from++, to++)
        {
            var cover = picture.Alpha![from];
            _alpha[to] = Blend(_alpha[to], cover, cover);
            for (var channel = 0; channel < 3; channel++)
            {
                _rgb[(to * 3) + channel] = Blend(_rgb[(to * 3) + channel], picture.Rgb[(from * 3) + channel], cover);
            }
        }
    }

    private void Dispose()
    {
        if (_last is not { Disposal: 1 or 2 } last)
        {
            return;
        }

        // The frame that was given out keeps its own pixels.
        (_rgb, _alpha) = ((byte[])_rgb.Clone(), (byte[])_alpha.Clone());
        for (var y = last.Top; y < last.Top + last.Height; y++)
        {
            var at = (y * width) + last.Left;
            Restore(_rgb.AsSpan(at * 3, last.Width * 3), last.Disposal == 2 ? _rgbBefore.AsSpan(at * 3, last.Width * 3) : default);
            Restore(_alpha.AsSpan(at, last.Width), last.Disposal == 2 ? _alphaBefore.AsSpan(at, last.Width) : default);
        }
    }

    private static void Restore(Span<byte> place, ReadOnlySpan<byte> before)
    {
        place.Clear();
        before.CopyTo(place);
    }

    /// <summary>Pillow's paste with a mask: each channel goes over by the mask's share, rounded.</summary>
    private static byte Blend(byte under, byte over, byte share)
    {
        var sum = (under * (255 - share)) + (over * share) + 128;
        return (byte)(((sum >> 8) + sum) >> 8);
    }
}
