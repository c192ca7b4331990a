"""The network of layers/resnet.h in PyTorch, as a peer to compare results and speed with.

Names and order of operations are those of the published iResNets (ArcFace, Deng et al. 2019):
conv1, bn1, prelu, layer{1..4}.{i}.{bn1, conv1, bn2, prelu, conv2, bn3, downsample.{0, 1}}, bn2, fc,
features. Dropout stands before fc and has no parameters.
"""

import torch
from torch import nn

ARCHITECTURES = {
    "r10": ((1, 1, 1, 1), (32, 64, 128, 256)),
    "r18": ((2, 2, 2, 2), (64, 128, 256, 512)),
    "r34": ((3, 4, 6, 3), (64, 128, 256, 512)),
    "r50": ((3, 4, 14, 3), (64, 128, 256, 512)),
}


class Block(nn.Module):
    """BN, conv 3x3, BN, PReLU, conv 3x3 (stride), BN, plus the shortcut."""

    def __init__(self, c, k, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(c)
        self.conv1 = nn.Conv2d(c, k, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(k)
        self.prelu = nn.PReLU(k)
        self.conv2 = nn.Conv2d(k, k, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(k)
        self.downsample = None
        if stride != 1 or c != k:
            self.downsample = nn.Sequential(
                nn.Conv2d(c, k, 1, stride, bias=False), nn.BatchNorm2d(k)
            )

    def forward(self, x):
        y = self.conv1(self.bn1(x))
        y = self.conv2(self.prelu(self.bn2(y)))
        y = self.bn3(y)
        return y + (x if self.downsample is None else self.downsample(x))


class IResNet(nn.Module):
    """Images (N, 3, image, image) in [-1, 1] -> embeddings (N, D), not normalised."""

    def __init__(self, backbone="r10", image=64, embedding=256, dropout=0.4):
        super().__init__()
        blocks, widths = ARCHITECTURES[backbone]
        self.conv1 = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.prelu = nn.PReLU(widths[0])
        c, side = widths[0], image
        for stage, (count, k) in enumerate(zip(blocks, widths), 1):
            layer = [Block(c if i == 0 else k, k, 2 if i == 0 else 1) for i in range(count)]
            setattr(self, f"layer{stage}", nn.Sequential(*layer))
            c, side = k, (side + 1) // 2
        self.bn2 = nn.BatchNorm2d(c)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(c * side * side, embedding)
        self.features = nn.BatchNorm1d(embedding)
        self.features.weight.requires_grad_(False)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0, 0.1)

    def forward(self, x):
        x = self.prelu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        x = self.dropout(torch.flatten(self.bn2(x), 1))
        return self.features(self.fc(x))


class CosFace(nn.Module):
    """The large-margin cosine head (Wang et al., CVPR 2018): raw embeddings, labels -> mean loss."""

    def __init__(self, embedding, classes, s=64.0, m=0.35):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(classes, embedding) * 0.01)
        self.s, self.m = s, m

    def forward(self, x, labels):
        cosines = nn.functional.linear(
            nn.functional.normalize(x), nn.functional.normalize(self.weight)
        )
        margin = torch.zeros_like(cosines).scatter_(1, labels[:, None], self.m)
        return nn.functional.cross_entropy(self.s * (cosines - margin), labels)
