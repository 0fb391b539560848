"""Inception v3 as the standard FID uses it: TensorFlow's network of 2015 up to pool3, 2048 numbers an image.

Three average pools leave the padding out of their mean and the last block takes a maximum instead, as that
network does. Parameter names are those of the published weights file, so that it loads without translation.
"""

import torch
from torch import Tensor, nn

DIM = 2048
SIZE = 299

# (outputs, kernel, stride, padding) of a convolution; kernels and paddings are (height, width).
_Conv = tuple[int, int | tuple[int, int], int, int | tuple[int, int]]
_ROW: tuple[tuple[int, int], tuple[int, int]] = ((1, 7), (0, 3))
_COLUMN: tuple[tuple[int, int], tuple[int, int]] = ((7, 1), (3, 0))


class InceptionV3(nn.Module):
    """Images in [-1, 1], (N, 3, 299, 299) -> pool3 features (N, 2048)."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = BasicConv2d(3, (32, 3, 2, 0))
        self.Conv2d_2a_3x3 = BasicConv2d(32, (32, 3, 1, 0))
        self.Conv2d_2b_3x3 = BasicConv2d(32, (64, 3, 1, 1))
        self.Conv2d_3b_1x1 = BasicConv2d(64, (80, 1, 1, 0))
        self.Conv2d_4a_3x3 = BasicConv2d(80, (192, 3, 1, 0))
        self.Mixed_5b = _MixedA(192, pooled=32)
        self.Mixed_5c = _MixedA(256, pooled=64)
        self.Mixed_5d = _MixedA(288, pooled=64)
        self.Mixed_6a = _MixedB(288)
        self.Mixed_6b = _MixedC(768, inner=128)
        self.Mixed_6c = _MixedC(768, inner=160)
        self.Mixed_6d = _MixedC(768, inner=160)
        self.Mixed_6e = _MixedC(768, inner=192)
        self.Mixed_7a = _MixedD(768)
        self.Mixed_7b = _MixedE(1280, nn.AvgPool2d(3, 1, 1, count_include_pad=False))
        self.Mixed_7c = _MixedE(2048, nn.MaxPool2d(3, 1, 1))
        self.shrink = nn.MaxPool2d(3, 2)
        self.pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, x: Tensor) -> Tensor:
        """Images in [-1, 1] to their pool3 features."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))  # 147 x 147
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(self.shrink(x)))  # 71 x 71
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(self.shrink(x))))  # 35 x 35
        x = self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))  # 17 x 17
        x = self.Mixed_6e(self.Mixed_6d(x))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))  # 8 x 8
        return torch.flatten(self.pool(x), 1)


class BasicConv2d(nn.Module):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, inputs: int, conv: _Conv) -> None:
        super().__init__()
        outputs, kernel, stride, padding = conv
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Filtered, normalised, rectified."""
        result: Tensor = self.act(self.bn(self.conv(x)))
        return result


class _MixedA(nn.Module):
    def __init__(self, inputs: int, *, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = BasicConv2d(inputs, (64, 1, 1, 0))
        self.branch5x5_1 = BasicConv2d(inputs, (48, 1, 1, 0))
        self.branch5x5_2 = BasicConv2d(48, (64, 5, 1, 2))
        self.branch3x3dbl_1 = BasicConv2d(inputs, (64, 1, 1, 0))
        self.branch3x3dbl_2 = BasicConv2d(64, (96, 3, 1, 1))
        self.branch3x3dbl_3 = BasicConv2d(96, (96, 3, 1, 1))
        self.branch_pool = BasicConv2d(inputs, (pooled, 1, 1, 0))
        self.pool = nn.AvgPool2d(3, 1, 1, count_include_pad=False)

    def forward(self, x: Tensor) -> Tensor:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        five = self.branch5x5_2(self.branch5x5_1(x))
        return torch.cat([self.branch1x1(x), five, double, self.branch_pool(self.pool(x))], 1)


class _MixedB(nn.Module):
    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch3x3 = BasicConv2d(inputs, (384, 3, 2, 0))
        self.branch3x3dbl_1 = BasicConv2d(inputs, (64, 1, 1, 0))
        self.branch3x3dbl_2 = BasicConv2d(64, (96, 3, 1, 1))
        self.branch3x3dbl_3 = BasicConv2d(96, (96, 3, 2, 0))
        self.pool = nn.MaxPool2d(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), double, self.pool(x)], 1)


class _MixedC(nn.Module):
    def __init__(self, inputs: int, *, inner: int) -> None:
        super().__init__()
        (row, row_pad), (column, column_pad) = _ROW, _COLUMN
        self.branch1x1 = BasicConv2d(inputs, (192, 1, 1, 0))
        self.branch7x7_1 = BasicConv2d(inputs, (inner, 1, 1, 0))
        self.branch7x7_2 = BasicConv2d(inner, (inner, row, 1, row_pad))
        self.branch7x7_3 = BasicConv2d(inner, (192, column, 1, column_pad))
        self.branch7x7dbl_1 = BasicConv2d(inputs, (inner, 1, 1, 0))
        self.branch7x7dbl_2 = BasicConv2d(inner, (inner, column, 1, column_pad))
        self.branch7x7dbl_3 = BasicConv2d(inner, (inner, row, 1, row_pad))
        self.branch7x7dbl_4 = BasicConv2d(inner, (inner, column, 1, column_pad))
        self.branch7x7dbl_5 = BasicConv2d(inner, (192, row, 1, row_pad))
        self.branch_pool = BasicConv2d(inputs, (192, 1, 1, 0))
        self.pool = nn.AvgPool2d(3, 1, 1, count_include_pad=False)

    def forward(self, x: Tensor) -> Tensor:
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return torch.cat([self.branch1x1(x), seven, double, self.branch_pool(self.pool(x))], 1)


class _MixedD(nn.Module):
    def __init__(self, inputs: int) -> None:
        super().__init__()
        (row, row_pad), (column, column_pad) = _ROW, _COLUMN
        self.branch3x3_1 = BasicConv2d(inputs, (192, 1, 1, 0))
        self.branch3x3_2 = BasicConv2d(192, (320, 3, 2, 0))
        self.branch7x7x3_1 = BasicConv2d(inputs, (192, 1, 1, 0))
        self.branch7x7x3_2 = BasicConv2d(192, (192, row, 1, row_pad))
        self.branch7x7x3_3 = BasicConv2d(192, (192, column, 1, column_pad))
        self.branch7x7x3_4 = BasicConv2d(192, (192, 3, 2, 0))
        self.pool = nn.MaxPool2d(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        seven = self.branch7x7x3_2(self.branch7x7x3_1(x))
        seven = self.branch7x7x3_4(self.branch7x7x3_3(seven))
        return torch.cat([self.branch3x3_2(self.branch3x3_1(x)), seven, self.pool(x)], 1)


class _MixedE(nn.Module):
    def __init__(self, inputs: int, pool: nn.Module) -> None:
        super().__init__()
        self.branch1x1 = BasicConv2d(inputs, (320, 1, 1, 0))
        self.branch3x3_1 = BasicConv2d(inputs, (384, 1, 1, 0))
        self.branch3x3_2a = BasicConv2d(384, (384, (1, 3), 1, (0, 1)))
        self.branch3x3_2b = BasicConv2d(384, (384, (3, 1), 1, (1, 0)))
        self.branch3x3dbl_1 = BasicConv2d(inputs, (448, 1, 1, 0))
        self.branch3x3dbl_2 = BasicConv2d(448, (384, 3, 1, 1))
        self.branch3x3dbl_3a = BasicConv2d(384, (384, (1, 3), 1, (0, 1)))
        self.branch3x3dbl_3b = BasicConv2d(384, (384, (3, 1), 1, (1, 0)))
        self.branch_pool = BasicConv2d(inputs, (192, 1, 1, 0))
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        three = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        parts = [
            self.branch1x1(x),
            self.branch3x3_2a(three),
            self.branch3x3_2b(three),
            self.branch3x3dbl_3a(double),
            self.branch3x3dbl_3b(double),
            self.branch_pool(self.pool(x)),
        ]
        return torch.cat(parts, 1)
